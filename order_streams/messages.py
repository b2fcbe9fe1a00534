"""Integration events about a shipped order: CloudEvents 1.0, one for each topic."""

from typing import Any
from uuid import UUID, uuid5

from eventstore.model import RecordedEvent
from orders import topics
from orders.events import OrderShipped

_MESSAGE_IDS = UUID("0f0c7c0a-7b5e-4d0b-9a58-2a2f4f1e6b11")


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
        case topics.NOTIFICATIONS_SHIPMENT:
            shipment = {
                "shipmentId": shipped.shipment_id,
                "trackingNumber": shipped.tracking_number,
                "carrier": shipped.carrier,
            }
            return body | shipment
        case topics.ANALYTICS_REVENUE:
            return body
        case _:
            raise ValueError(f"unknown topic {topic!r}")
