"""From events to state. An event that cannot follow is an error: a fold that skips it would lie."""

from collections.abc import Iterable
from dataclasses import replace

from orders.errors import CorruptStream
from orders.events import (
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderHeld,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReleased,
    OrderRetried,
    OrderShipped,
    RefundRequested,
)
from orders.model import Order
from orders.state import Cancelled, Confirmed, Hold, NotPlaced, Paid, Payment, Placed, Refund, Shipment, Shipped, State


def initial_state() -> NotPlaced:
    """The state of a stream without events."""
    return NotPlaced()


def fold(events: Iterable[Event]) -> State:
    """The state after all `events` of one stream. Raises CorruptStream at the first that cannot follow."""
    state: State = initial_state()
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: State, event: Event) -> State:
    """The state after `event`. Raises CorruptStream when it cannot follow on `state`."""
    if isinstance(state, NotPlaced):
        if isinstance(event, OrderPlaced):
            return Placed(event.order)
        raise CorruptStream(event.order_id, state.status, event.event_type)
    if not _belongs(event, state.order):
        raise CorruptStream(state.order.order_id, state.status, event.event_type)
    return _next(state, event)


def _next(state: Placed | Confirmed | Paid | Shipped | Cancelled, event: Event) -> State:
    match state, event:
        case Placed(order, hold=None, retries=retries), OrderConfirmed():
            return Confirmed(order, retries=retries)
        case Confirmed(order, hold=hold, retries=retries), OrderPaid() if event.amount == order.total:
            return Paid(order, Payment(event.payment_id, event.amount), hold, retries)
        case Paid(order, payment, hold=None), OrderShipped():
            return Shipped(order, payment, Shipment(event.shipment_id, event.tracking_number, event.carrier))
        case ((Placed() | Confirmed() | Paid()), OrderCancelled()):
            return _cancelled(state, event)
        case Cancelled(refund=None), OrderRefunded() if event.amount <= state.order.total:
            return replace(state, refund=_refund(event))
        case ((Placed(hold=None) | Confirmed(hold=None) | Paid(hold=None)), OrderHeld()):
            return replace(state, hold=Hold(event.reason))
        case ((Placed(hold=Hold()) | Confirmed(hold=Hold()) | Paid(hold=Hold())), OrderReleased()):
            return replace(state, hold=None)
        case ((Placed() | Confirmed() | Paid()), OrderRetried()):
            return replace(state, retries=state.retries + 1)
        case _, OrderRetried():
            return state
        case Shipped(), RefundRequested() if event.amount <= state.refundable:
            return replace(state, requested=(*state.requested, _refund(event)))
        case Shipped(), OrderRefunded() if state.answers(_refund(event)):
            return replace(state, refunds=(*state.refunds, _refund(event)))
        case _:
            raise CorruptStream(state.order.order_id, state.status, event.event_type)


def _belongs(event: Event, order: Order) -> bool:
    same_order = (event.order_id, event.customer_id) == (order.order_id, order.customer_id)
    return same_order and event.currency == order.currency


def _cancelled(state: Placed | Confirmed | Paid, event: OrderCancelled) -> Cancelled:
    return Cancelled(
        order=state.order,
        reached=state.status,
        reason=event.reason,
        cancelled_by=event.cancelled_by,
        shortages=event.shortages,
        payment=state.payment,
    )


def _refund(event: OrderRefunded | RefundRequested) -> Refund:
    return Refund(event.refund_id, event.payment_id, event.amount, event.reason)
