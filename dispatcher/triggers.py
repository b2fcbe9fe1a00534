"""The trigger table: which event starts or signals which workflow. Data, so that it can be read at a glance."""

from collections.abc import Callable
from dataclasses import dataclass

from activities.signatures import OrderRef
from eventstore.model import RecordedEvent
from orders.events import CancelledBy, Event, OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from orders.money import format_money
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, VALIDATE_ORDER


def _always(event: Event) -> bool:
    return True


def _by_a_person(event: Event) -> bool:
    return isinstance(event, OrderCancelled) and event.cancelled_by in (CancelledBy.CUSTOMER, CancelledBy.OPERATOR)


@dataclass(frozen=True, slots=True)
class Trigger:
    """On this event, when the condition holds, start this workflow; with a signal, signal it, started if need be."""

    event_type: str
    workflow: str
    status: str
    when: Callable[[Event], bool] = _always
    signal: str | None = None

    def workflow_id(self, event: Event) -> str:
        """`{type}-{orderId}`: one per order, however often the event is seen."""
        return f"{self.workflow}-{event.order_id}"

    def input(self, event: Event, recorded: RecordedEvent) -> OrderRef:
        """The order, and this event as the cause of what follows."""
        return OrderRef(
            order_id=event.order_id,
            correlation_id=recorded.metadata.get("correlationId"),
            causation_id=str(recorded.id),
        )

    def summary(self, event: Event) -> str:
        """One line for the Temporal Web UI, without names or addresses."""
        return f"Order {event.order_id} of {event.customer_id}{_amount(event)}"[:200]


def _amount(event: Event) -> str:
    match event:
        case OrderPlaced() | OrderConfirmed():
            return f", {format_money(event.total, event.currency)}"
        case OrderShipped():
            return f", {format_money(event.amount, event.currency)}"
        case _:
            return ""


TRIGGERS = (
    Trigger(OrderPlaced.event_type, VALIDATE_ORDER, "placed"),
    Trigger(OrderConfirmed.event_type, FULFILL_ORDER, "confirmed"),
    Trigger(OrderShipped.event_type, NOTIFY_SHIPMENT, "shipped"),
    Trigger(OrderCancelled.event_type, FULFILL_ORDER, "cancelled", when=_by_a_person, signal="cancel"),
)
