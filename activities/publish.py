"""Integration events: CloudEvents 1.0, published by an append to the stream of their topic."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

from temporalio import activity

from activities import signatures as step
from activities.order import caused_by
from activities.signatures import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT, Publication, Published
from eventstore.codec import Codec
from eventstore.model import ANY, NewEvent, RecordedEvent
from eventstore.store import EventStore
from orders.errors import IllegalTransition, OrderNotFound
from orders.events import Event, OrderShipped
from orders.ids import stream_name

TOPICS = (NOTIFICATIONS_SHIPMENT, ANALYTICS_REVENUE)
_MESSAGE_IDS = UUID("0f0c7c0a-7b5e-4d0b-9a58-2a2f4f1e6b11")


class PublishActivities:
    """Publishes the messages about a shipped order, each once."""

    def __init__(self, store: EventStore, codec: Codec[Event]) -> None:
        self._store, self._codec = store, codec

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.publish]

    @activity.defn(name=step.PUBLISH.name)
    async def publish(self, publication: Publication) -> Published:
        """Append the message under an id derived from order, topic and stream version, so that a retry has no effect."""
        recorded, shipped = await self._shipment(publication.order.order_id)
        id_ = message_id(shipped.order_id, publication.topic, recorded.version)
        message = NewEvent(
            id=id_,
            type=publication.topic,
            data=cloud_event(id_, publication.topic, recorded, shipped),
            metadata=caused_by(publication.order, actor=activity.info().workflow_type or "publish"),
        )
        await self._store.append(publication.topic, [message], expected=ANY)
        return Published(message_id=str(id_))

    async def _shipment(self, order_id: str) -> tuple[RecordedEvent, OrderShipped]:
        latest = None
        async for recorded in self._store.stream(stream_name(order_id)):
            latest = recorded
            if recorded.type == OrderShipped.event_type:
                shipped = self._codec.decode(recorded)
                assert isinstance(shipped, OrderShipped)
                return recorded, shipped
        if latest is None:
            raise OrderNotFound(order_id)
        raise IllegalTransition(order_id, "Publish", latest.type.removeprefix("order."))


def message_id(order_id: str, topic: str, version: int) -> UUID:
    """Derive the message's id, which is the same for every retry."""
    return uuid5(_MESSAGE_IDS, f"{order_id}\n{topic}\n{version}")


def cloud_event(id_: UUID, topic: str, recorded: RecordedEvent, shipped: OrderShipped) -> dict[str, Any]:
    """Build a CloudEvent in structured JSON (https://cloudevents.io, version 1.0). Amounts in minor units."""
    return {
        "specversion": "1.0",
        "id": str(id_),
        "source": "/orders",
        "type": topic,
        "subject": shipped.order_id,
        "time": recorded.recorded_at.isoformat(),
        "datacontenttype": "application/json",
        "data": _body(topic, shipped),
    }


def _body(topic: str, shipped: OrderShipped) -> dict[str, Any]:
    body = {
        "orderId": shipped.order_id,
        "customerId": shipped.customer_id,
        "amount": shipped.amount,
        "currency": shipped.currency,
    }
    match topic:
        case step.NOTIFICATIONS_SHIPMENT:
            shipment = {
                "shipmentId": shipped.shipment_id,
                "trackingNumber": shipped.tracking_number,
                "carrier": shipped.carrier,
            }
            return body | shipment
        case step.ANALYTICS_REVENUE:
            return body
        case _:
            raise ValueError(f"unknown topic {topic!r}")
