"""The trigger table: events, and the workflows that they start or signal."""

from collections.abc import Callable
from dataclasses import dataclass

from activities.signatures import OrderRef, RefundRef
from eventstore.model import RecordedEvent
from order_streams import is_bulk
from orders.events import (
    CancelledBy,
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderReleased,
    OrderRetried,
    OrderShipped,
    RefundRequested,
)
from orders.money import format_money
from orders.names import workflow_id
from orders.payment_events import PaymentMethodGiven, RefundClosed, RefundOutcome
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, REFUND_ORDER, RETRY, VALIDATE_ORDER


def _always(event: Event) -> bool:
    return True


def _leaves_work(event: Event) -> bool:
    """True unless a fulfillment in progress undoes the order itself, or nothing can have been done."""
    if not isinstance(event, OrderCancelled):
        return False
    if event.cancelled_by is CancelledBy.VALIDATION:
        return event.paid_at_checkout
    return event.cancelled_by is not CancelledBy.FULFILLMENT


def _closed_by_a_person(event: Event) -> bool:
    return isinstance(event, RefundClosed) and event.after_shipment and event.outcome is not RefundOutcome.REFUSED


def _settled_when_cancelled(event: Event) -> bool:
    return isinstance(event, RefundClosed) and not event.after_shipment


def _is(status: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, OrderReleased | OrderRetried) and event.status == status


@dataclass(frozen=True, slots=True)
class Trigger:
    """Start this workflow on this event, where the condition holds; with a signal: signal it, started if necessary.

    status: the search attribute OrderStatus of a new run. again: also after a successful run, because a person requested it.
    """

    event_type: str
    workflow: str
    status: str
    when: Callable[[Event], bool] = _always
    signal: str | None = None
    again: bool = False

    @property
    def once(self) -> bool:
        """True where a second start for the same event has no effect."""
        return self.signal is None and not self.again

    def workflow_id(self, event: Event) -> str:
        """`{type}-{orderId}`, and `/{refundId}` for a refund: one per order or refund, for any number of dispatches."""
        return workflow_id(self.workflow, *self.about(event))

    def about(self, event: Event) -> tuple[str, ...]:
        """The ids that the workflow's id is derived from."""
        if self.workflow == REFUND_ORDER and isinstance(event, RefundRequested | RefundClosed):
            return event.order_id, event.refund_id
        return (event.order_id,)

    def input(self, event: Event, recorded: RecordedEvent) -> OrderRef:
        """Input of the workflow: the order, with this event as the cause."""
        order = OrderRef(
            order_id=event.order_id,
            correlation_id=recorded.metadata.get("correlationId"),
            causation_id=str(recorded.id),
            bulk=is_bulk(recorded),
        )
        if isinstance(event, RefundRequested):
            return RefundRef(**order.model_dump(), refund_id=event.refund_id, requested_at=recorded.recorded_at)
        if self.workflow == REFUND_ORDER and isinstance(event, RefundClosed):
            return RefundRef(**order.model_dump(), refund_id=event.refund_id)
        return order

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
    Trigger(PaymentMethodGiven.event_type, FULFILL_ORDER, "confirmed", signal=RETRY),
    Trigger(OrderShipped.event_type, NOTIFY_SHIPMENT, "shipped"),
    Trigger(OrderCancelled.event_type, FULFILL_ORDER, "cancelled", when=_leaves_work, signal="cancel"),
    Trigger(OrderReleased.event_type, VALIDATE_ORDER, "placed", when=_is("placed"), signal="release", again=True),
    Trigger(OrderReleased.event_type, FULFILL_ORDER, "confirmed", when=_is("confirmed"), signal="release"),
    Trigger(OrderReleased.event_type, FULFILL_ORDER, "paid", when=_is("paid"), signal="release"),
    Trigger(OrderRetried.event_type, VALIDATE_ORDER, "placed", when=_is("placed"), signal=RETRY, again=True),
    Trigger(OrderRetried.event_type, FULFILL_ORDER, "confirmed", when=_is("confirmed"), signal=RETRY, again=True),
    Trigger(OrderRetried.event_type, FULFILL_ORDER, "paid", when=_is("paid"), signal=RETRY, again=True),
    Trigger(OrderRetried.event_type, FULFILL_ORDER, "cancelled", when=_is("cancelled"), signal=RETRY, again=True),
    Trigger(OrderRetried.event_type, NOTIFY_SHIPMENT, "shipped", when=_is("shipped"), signal=RETRY, again=True),
    Trigger(RefundRequested.event_type, REFUND_ORDER, "shipped"),
    Trigger(RefundClosed.event_type, REFUND_ORDER, "shipped", when=_closed_by_a_person, signal=RETRY),
    Trigger(RefundClosed.event_type, FULFILL_ORDER, "cancelled", when=_settled_when_cancelled, signal=RETRY),
)
