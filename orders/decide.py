"""Decides on a command in a state: new events, none where it is a repetition, or a refusal."""

from dataclasses import replace
from typing import assert_never

from pydantic import ValidationError

from orders.adjusting import record_adjustment
from orders.adjustments import INCLUDED_IN_CANCELLATION, returned_by
from orders.commands import (
    CancelOrder,
    CloseRefund,
    Command,
    ConfirmOrder,
    PlaceOrder,
    RecordAdjustment,
    RecordPayment,
    RecordPendingPayment,
    RecordRefund,
    RecordShipment,
)
from orders.errors import (
    Fault,
    InvalidCommand,
    OrderAlreadyExists,
    OrderAlreadyRefunded,
    OrderNotCancellable,
    OrderNotFound,
    OrderOnHold,
    PaymentMismatch,
    RefundOutOfRange,
    WrongOrder,
)
from orders.events import (
    CancelledBy,
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    shared_facts,
)
from orders.faults import faults_of
from orders.ids import blank_problem, is_payment
from orders.interventions import HoldOrder, RequestRefund, RetryOrder, illegal, intervene
from orders.model import Order
from orders.money import Money
from orders.payment_attempts import GivePaymentMethod, RecordPaymentFailure, attempt_payment
from orders.payment_events import PaymentPending
from orders.records import Hold, Refund, Shipment
from orders.refund_closing import close_refund
from orders.state import Cancelled, Confirmed, ExistingOrder, NotPlaced, Paid, Placed, Shipped, State


def decide(command: Command, state: State) -> list[Event]:
    """The events that `command` causes; none when all of it has already happened.

    Raises an OrderError when the command is refused, InvalidCommand when its facts cannot be recorded.
    """
    try:
        return _begin(command) if isinstance(state, NotPlaced) else _proceed(command, state)
    except ValidationError as error:
        raise InvalidCommand(command.order_id, faults_of(error)) from None


def _begin(command: Command) -> list[Event]:
    if isinstance(command, PlaceOrder):
        return [OrderPlaced.of(command.order)]
    raise OrderNotFound(command.order_id)


def _proceed(command: Command, state: ExistingOrder) -> list[Event]:
    if command.order_id != state.order.order_id:
        raise WrongOrder(command.order_id, state.order.order_id)
    _require_visible_reason(command)
    match command:
        case PlaceOrder():
            return _repeat_placing(command, state)
        case ConfirmOrder():
            return _confirm(command, state)
        case RecordPayment():
            return _record_payment(command, state)
        case RecordPendingPayment():
            return _record_pending(command, state)
        case RecordShipment():
            return _record_shipment(command, state)
        case CancelOrder():
            return _cancel(command, state)
        case RecordRefund():
            return _record_refund(command, state)
        case CloseRefund():
            return [*close_refund(command, state)]
        case RecordPaymentFailure() | GivePaymentMethod():
            return attempt_payment(command, state)
        case RecordAdjustment():
            return record_adjustment(command, state)
        case _:
            return intervene(command, state)


def _require_visible_reason(command: Command) -> None:
    match command:
        case (
            CancelOrder(reason=reason)
            | HoldOrder(reason=reason)
            | RetryOrder(reason=reason)
            | RequestRefund(reason=reason)
        ):
            if problem := blank_problem(reason):
                raise InvalidCommand(command.order_id, (Fault("reason", problem),))
        case _:
            pass


def _repeat_placing(command: PlaceOrder, state: ExistingOrder) -> list[Event]:
    differing = _differing_fields(command.order, state.order)
    if differing:
        raise OrderAlreadyExists(command.order_id, differing)
    return []


def _differing_fields(order: Order, placed: Order) -> tuple[str, ...]:
    # The time of placing is not content: a retry may carry a later one.
    compared = {name: field for name, field in Order.model_fields.items() if name != "placed_at"}
    return tuple(
        field.alias or name for name, field in compared.items() if getattr(order, name) != getattr(placed, name)
    )


def _confirm(command: ConfirmOrder, state: ExistingOrder) -> list[Event]:
    order = state.order
    match state:
        case Placed(hold=Hold(reason=reason)):
            raise OrderOnHold(order.order_id, reason)
        case Placed():
            return [OrderConfirmed(**shared_facts(order), total=order.total)]
        case Confirmed() | Paid() | Shipped():
            return []
        case Cancelled():
            raise illegal(command, state)
        case _:
            assert_never(state)


def _record_payment(command: RecordPayment, state: ExistingOrder) -> list[Event]:
    order = state.order
    if state.payment and state.payment.payment_id == command.payment_id:
        _require_full_payment(command, order)
        return []
    if not isinstance(state, Confirmed):
        raise illegal(command, state)
    _require_full_payment(command, order)
    return [OrderPaid(**shared_facts(order), payment_id=command.payment_id, amount=command.amount)]


def _record_pending(command: RecordPendingPayment, state: ExistingOrder) -> list[Event]:
    if not isinstance(state, Confirmed):
        raise illegal(command, state)
    if state.pending is not None and state.pending.payment_id == command.payment_id:
        return []
    facts = shared_facts(state.order)
    return [PaymentPending(**facts, payment_id=command.payment_id, amount=command.amount, until=command.until)]


def _require_full_payment(command: RecordPayment, order: Order) -> None:
    expected = Money(order.total, order.currency)
    actual = Money(command.amount, command.currency)
    if actual != expected:
        raise PaymentMismatch(order.order_id, expected, actual)


def _record_shipment(command: RecordShipment, state: ExistingOrder) -> list[Event]:
    order = state.order
    if state.shipment == Shipment(command.shipment_id, command.tracking_number, command.carrier):
        return []
    if not isinstance(state, Paid):
        raise illegal(command, state)
    if state.hold:
        raise OrderOnHold(order.order_id, state.hold.reason)
    return [
        OrderShipped(
            **shared_facts(order),
            shipment_id=command.shipment_id,
            tracking_number=command.tracking_number,
            carrier=command.carrier,
            amount=order.total,
        )
    ]


def _cancel(command: CancelOrder, state: ExistingOrder) -> list[Event]:
    order = state.order
    match state:
        case Confirmed() | Paid() if command.cancelled_by is CancelledBy.VALIDATION:
            raise illegal(command, state)  # the order has gone on: a late validation must not end it
        case Placed() | Confirmed() | Paid():
            return [
                OrderCancelled(
                    **shared_facts(order),
                    reason=command.reason,
                    cancelled_by=command.cancelled_by,
                    amount_paid=state.payment.amount if state.payment else 0,
                    amount_returned=max(returned_by(state.adjustments), 0),
                    shortages=command.shortages,
                    paid_at_checkout=is_payment(state.payment_method or order.payment_method),
                )
            ]
        case Cancelled():
            return []
        case Shipped():
            raise OrderNotCancellable(order.order_id, state.status)
        case _:
            assert_never(state)


def _record_refund(command: RecordRefund, state: ExistingOrder) -> list[Event]:
    if isinstance(state, Shipped):
        return _record_requested_refund(command, state)
    if not isinstance(state, Cancelled):
        raise illegal(command, state)
    # The gateway's amount includes refunds by hand, of which some may be recorded as adjustments.
    recorded = returned_by(state.adjustments, INCLUDED_IN_CANCELLATION)
    command = replace(command, amount=max(command.amount - recorded, min(command.amount, 0)))
    if state.refund:
        return _repeat_refund(command, state, state.refund)
    # A charge may have landed without being recorded, so a refund needs no recorded payment. Where one is recorded, the
    # refund must be of that one.
    if state.payment and state.payment.payment_id != command.payment_id:
        raise illegal(command, state)
    order = state.order
    if not 0 <= command.amount <= order.total:
        amount, total = Money(command.amount, order.currency), Money(order.total, order.currency)
        raise RefundOutOfRange(order.order_id, amount, total)
    return [_refunded(command, order)]


def _record_requested_refund(command: RecordRefund, state: Shipped) -> list[Event]:
    refund = Refund(command.refund_id, command.payment_id, command.amount, command.reason)
    if refund in state.refunds:
        return []
    if not state.answers(refund):
        raise illegal(command, state)
    return [_refunded(command, state.order, after_shipment=True)]


def _refunded(command: RecordRefund, order: Order, *, after_shipment: bool = False) -> OrderRefunded:
    return OrderRefunded(
        **shared_facts(order),
        refund_id=command.refund_id,
        payment_id=command.payment_id,
        amount=command.amount,
        reason=command.reason,
        after_shipment=after_shipment,
    )


def _repeat_refund(command: RecordRefund, state: Cancelled, recorded: Refund) -> list[Event]:
    same_facts = (command.refund_id, command.payment_id, command.amount)
    if same_facts == (recorded.refund_id, recorded.payment_id, recorded.amount):
        return []
    raise OrderAlreadyRefunded(state.order.order_id, recorded.refund_id, command.refund_id)
