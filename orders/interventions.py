"""Commands of a person for an open or shipped order: hold, release, retry, refund."""

from dataclasses import dataclass
from typing import assert_never

from orders.adjustments import standing_dispute
from orders.errors import Fault, IllegalTransition, InvalidCommand, PaymentDisputed, RefundOutOfRange
from orders.events import Event, OrderHeld, OrderReleased, OrderRetried, RefundRequested, shared_facts
from orders.ids import CANCELLATION
from orders.money import Money
from orders.state import Cancelled, ExistingOrder, Shipped


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Take no further step until the order is released or cancelled."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Let a held order go on."""

    order_id: str


@dataclass(frozen=True, slots=True)
class RetryOrder:
    """Continue the order from its status, in a new run where its workflow was lost; undo what is left of a cancelled one.
    carrier, service: chosen for the label of an order that has not shipped; without both, an earlier choice stays."""

    order_id: str
    reason: str
    carrier: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class RequestRefund:
    """Refund a shipped order, in part or whole; idempotent by the refund's id."""

    order_id: str
    refund_id: str
    amount: int
    reason: str


Intervention = HoldOrder | ReleaseOrder | RetryOrder | RequestRefund


def intervene(command: Intervention, state: ExistingOrder) -> list[Event]:
    """The events of an intervention; none where it has been made already. Raises IllegalTransition, RefundOutOfRange."""
    match command:
        case HoldOrder():
            return _hold(command, state)
        case ReleaseOrder():
            return _release(command, state)
        case RetryOrder():
            return _retry(command, state)
        case RequestRefund():
            return _request_refund(command, state)
        case _:
            assert_never(command)


def _hold(command: HoldOrder, state: ExistingOrder) -> list[Event]:
    order = state.order
    if isinstance(state, Shipped | Cancelled):
        raise illegal(command, state)
    if state.hold is not None:
        return []
    return [OrderHeld(**shared_facts(order), reason=command.reason)]


def _release(command: ReleaseOrder, state: ExistingOrder) -> list[Event]:
    order = state.order
    if isinstance(state, Shipped | Cancelled):
        raise illegal(command, state)
    if state.hold is None:
        return []
    return [OrderReleased(**shared_facts(order), status=state.status)]


def _retry(command: RetryOrder, state: ExistingOrder) -> list[Event]:
    chosen = command.carrier or command.service
    if chosen and isinstance(state, Shipped | Cancelled):
        raise illegal(command, state)
    return [
        OrderRetried(
            **shared_facts(state.order),
            status=state.status,
            reason=command.reason,
            carrier=command.carrier,
            service=command.service,
        )
    ]


def _request_refund(command: RequestRefund, state: ExistingOrder) -> list[Event]:
    order = state.order
    if not isinstance(state, Shipped):
        raise illegal(command, state)
    same = [refund for refund in state.requested if refund.refund_id == command.refund_id]
    if same and (same[0].amount, same[0].reason) == (command.amount, command.reason):
        return []
    if not same and command.refund_id == CANCELLATION:
        problem = f"must not be {CANCELLATION}, which names the refund of a cancelled order"
        raise InvalidCommand(order.order_id, (Fault("refundId", problem),))
    if dispute := standing_dispute(state.adjustments):
        raise PaymentDisputed(order.order_id, dispute.reference)
    if same or not 1 <= command.amount <= state.refundable:
        amount, limit = Money(command.amount, order.currency), Money(state.refundable, order.currency)
        raise RefundOutOfRange(order.order_id, amount, limit)
    return [
        RefundRequested(
            **shared_facts(order),
            refund_id=command.refund_id,
            payment_id=state.payment.payment_id,
            amount=command.amount,
            reason=command.reason,
        )
    ]


def illegal(command: object, state: ExistingOrder) -> IllegalTransition:
    """The refusal of a command that the order's status does not allow."""
    return IllegalTransition(state.order.order_id, type(command).__name__, state.status)
