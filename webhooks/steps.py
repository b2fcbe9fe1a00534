"""Activity types of the workflow that delivers webhooks, with their inputs and outputs: ids and positions alone. Temporal's
history holds them, so fields may be added with a default, never renamed or removed."""

from typing import Final

from activities.signatures import Signature, Wire
from orders import names

DELIVER_WEBHOOKS: Final = "deliver-webhooks"
SIGNAL: Final = "deliver"


class OrderDeliveries(Wire):
    """One endpoint's deliveries of one order."""

    endpoint_id: str
    order_id: str


class DeliveryRef(OrderDeliveries):
    """One delivery, by its event's position in the log."""

    position: int


class NextDelivery(Wire):
    """The order's first pending delivery and the seconds since it became pending. position: None where there is none, or
    the endpoint is disabled."""

    position: int | None = None
    age: float = 0


NEXT_DELIVERY: Final = Signature("next-delivery", OrderDeliveries, NextDelivery)
DELIVER_WEBHOOK: Final = Signature("deliver-webhook", DeliveryRef, NextDelivery)
PARK_DELIVERY: Final = Signature("park-delivery", DeliveryRef, NextDelivery)


def workflow_id(endpoint_id: str, order_id: str) -> str:
    """`deliver-webhooks-{endpointId}-{orderId}`: one at a time, so that an order's events arrive in order."""
    return names.workflow_id(DELIVER_WEBHOOKS, endpoint_id, order_id, separator="-")


def task_queue(fleet: str) -> str:
    """Return the webhooks' own task queue: receivers that hang delay no order."""
    return f"{fleet}-webhooks"
