"""Activity that publishes integration events, by an append to the stream of their topic."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities import signatures as step
from activities.order import caused_by
from activities.signatures import Publication, Published
from eventstore.codec import Codec
from eventstore.model import ANY, NewEvent, RecordedEvent
from eventstore.store import EventStore
from order_streams.messages import cloud_event, message_id
from orders.errors import IllegalTransition, OrderNotFound
from orders.events import Event, OrderShipped
from orders.ids import stream_name


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
