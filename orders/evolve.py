"""Folds events into state. An event that cannot follow is an error: a fold that skipped it would give a false state."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from orders.adjustments import Adjustment, PaymentAdjusted
from orders.errors import CorruptStream
from orders.events import (
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderHeld,
    OrderNoted,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReleased,
    OrderRetried,
    OrderShipped,
    OrderTagged,
    OrderUntagged,
    RefundRequested,
)
from orders.model import Order
from orders.payment_events import PaymentFailed, PaymentMethodGiven, PaymentPending, RefundClosed
from orders.records import ClosedRefund, Hold, LabelChoice, Payment, PaymentFailure, PendingPayment, Refund, Shipment
from orders.state import Cancelled, Confirmed, NotPlaced, OpenOrder, Paid, Placed, Shipped, State


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
    placed = None if isinstance(state, NotPlaced) else state.order
    after = _after(state, event) if placed is None or _belongs(event, placed) else None
    if after is None:
        raise CorruptStream((placed or event).order_id, state.status, event.event_type)
    return after


def _after(state: State, event: Event) -> State | None:
    """The state after the event; None where it cannot follow. An event without a case here is an error of types."""
    match event:
        case OrderPlaced():
            if isinstance(state, NotPlaced):
                return Placed(event.order)
        case OrderConfirmed():
            if isinstance(state, Placed) and state.hold is None:
                return Confirmed(
                    state.order,
                    retries=state.retries,
                    label_choice=state.label_choice,
                    tags=state.tags,
                    annotations=state.annotations,
                )
        case OrderPaid():
            if isinstance(state, Confirmed) and event.amount == state.order.total:
                paid = Payment(event.payment_id, event.amount)
                return Paid(
                    state.order,
                    paid,
                    state.hold,
                    state.retries,
                    state.label_choice,
                    payment_method=state.payment_method,
                    adjustments=state.adjustments,
                    tags=state.tags,
                    annotations=state.annotations,
                )
        case OrderShipped():
            if isinstance(state, Paid) and state.hold is None:
                return _shipped(state, event)
        case OrderCancelled():
            if isinstance(state, OpenOrder):
                return _cancelled(state, event)
        case OrderRefunded():
            return _refunded(state, event)
        case OrderHeld():
            if isinstance(state, OpenOrder) and state.hold is None:
                return replace(state, hold=Hold(event.reason))
        case OrderReleased():
            if isinstance(state, OpenOrder) and state.hold:
                return replace(state, hold=None)
        case OrderRetried():
            return _retried(state, event)
        case PaymentFailed():
            if isinstance(state, Confirmed) and event.attempt == state.attempt:
                return replace(state, failure=_failure(event), pending=None)
        case PaymentMethodGiven():
            if isinstance(state, Confirmed) and state.awaited:
                given = state.methods_given + 1
                return replace(state, payment_method=event.payment_method, methods_given=given)
        case RefundRequested():
            if isinstance(state, Shipped) and event.amount <= state.refundable:
                return replace(state, requested=(*state.requested, _refund(event)))
        case PaymentPending():
            if isinstance(state, Confirmed):
                return replace(state, pending=PendingPayment(event.payment_id, event.amount, event.until))
        case RefundClosed():
            return _closed(state, event)
        case PaymentAdjusted():
            if isinstance(state, Confirmed | Paid | Shipped | Cancelled):
                return replace(state, adjustments=(*state.adjustments, _adjustment(event)))
        case OrderNoted():
            return None if isinstance(state, NotPlaced) else replace(state, annotations=state.annotations + 1)
        case OrderTagged() | OrderUntagged():
            return _tagged(state, event)
        case _:
            assert_never(event)
    return None


def _belongs(event: Event, order: Order) -> bool:
    same_order = (event.order_id, event.customer_id) == (order.order_id, order.customer_id)
    return same_order and event.currency == order.currency


def _cancelled(state: OpenOrder, event: OrderCancelled) -> Cancelled:
    return Cancelled(
        order=state.order,
        reached=state.status,
        reason=event.reason,
        cancelled_by=event.cancelled_by,
        shortages=event.shortages,
        payment=state.payment,
        adjustments=state.adjustments,
        tags=state.tags,
        annotations=state.annotations,
        payment_method=state.payment_method,
    )


def _shipped(state: Paid, event: OrderShipped) -> Shipped:
    shipment = Shipment(event.shipment_id, event.tracking_number, event.carrier)
    return Shipped(
        state.order,
        state.payment,
        shipment,
        adjustments=state.adjustments,
        tags=state.tags,
        annotations=state.annotations,
        payment_method=state.payment_method,
    )


def _refunded(state: State, event: OrderRefunded) -> State | None:
    if isinstance(state, Shipped) and state.answers(_refund(event)):
        return replace(state, refunds=(*state.refunds, _refund(event)))
    if isinstance(state, Cancelled) and state.refund is None and event.amount <= state.order.total:
        return replace(state, refund=_refund(event))
    return None


def _closed(state: State, event: RefundClosed) -> State | None:
    if not isinstance(state, Shipped | Cancelled):
        return None
    return replace(
        state, closed=(*state.closed, ClosedRefund(event.refund_id, event.outcome, event.amount, event.reason))
    )


def _retried(state: State, event: OrderRetried) -> State | None:
    if isinstance(state, OpenOrder):
        chosen = LabelChoice(event.carrier, event.service) if event.carrier or event.service else state.label_choice
        return replace(state, retries=state.retries + 1, label_choice=chosen)
    return None if isinstance(state, NotPlaced) else state


def _tagged(state: State, event: OrderTagged | OrderUntagged) -> State | None:
    if isinstance(state, NotPlaced):
        return None
    others = tuple(tag for tag in state.tags if tag != event.tag)
    if isinstance(event, OrderUntagged):
        return replace(state, tags=others)
    return replace(state, tags=(*others, event.tag), annotations=state.annotations + 1)


def _refund(event: OrderRefunded | RefundRequested) -> Refund:
    return Refund(event.refund_id, event.payment_id, event.amount, event.reason)


def _adjustment(event: PaymentAdjusted) -> Adjustment:
    return Adjustment(event.action, event.reference, event.amount, event.returned, event.reason)


def _failure(event: PaymentFailed) -> PaymentFailure:
    return PaymentFailure(event.attempt, event.code, event.reason, event.waits_until, event.payment_id)
