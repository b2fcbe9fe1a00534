"""Decision that closes a refund which the payment provider will not make."""

from orders.commands import CloseRefund
from orders.errors import IllegalTransition, RefundNotOpen
from orders.events import shared_facts
from orders.payment_events import RefundClosed, RefundOutcome
from orders.records import ClosedRefund
from orders.state import Cancelled, ExistingOrder, Shipped

SETTLED = RefundOutcome.SETTLED_ELSEWHERE


def close_refund(command: CloseRefund, state: ExistingOrder) -> list[RefundClosed]:
    """The event that closes the refund; none where it is closed alike. Raises RefundNotOpen or IllegalTransition."""
    if not isinstance(state, Shipped | Cancelled):
        raise IllegalTransition(state.order.order_id, type(command).__name__, state.status)
    if closed := next((each for each in state.closed if each.refund_id == command.refund_id), None):
        return _repeated(command, closed)
    amount = _of_shipped(command, state) if isinstance(state, Shipped) else _of_cancelled(command, state)
    return [
        RefundClosed(
            **shared_facts(state.order),
            refund_id=command.refund_id,
            outcome=command.outcome,
            amount=amount,
            reason=command.reason,
            after_shipment=isinstance(state, Shipped),
            made=_is_made(command, state),
        )
    ]


def _repeated(command: CloseRefund, closed: ClosedRefund) -> list[RefundClosed]:
    if closed.outcome is command.outcome:
        return []
    raise RefundNotOpen(command.order_id, command.refund_id, f"it is closed as {closed.outcome.replace('_', ' ')}")


def _is_made(command: CloseRefund, state: Shipped | Cancelled) -> bool:
    return state.made(command.refund_id) is not None if isinstance(state, Shipped) else state.refund is not None


def _of_shipped(command: CloseRefund, state: Shipped) -> int:
    """Amount of an open request, or of a refund that was made and failed later, which only a person can settle."""
    made = state.made(command.refund_id)
    if made is not None and command.outcome is not SETTLED:
        raise RefundNotOpen(command.order_id, command.refund_id, "it was made")
    found = made or next((each for each in state.requested if each.refund_id == command.refund_id), None)
    if found is None:
        raise RefundNotOpen(command.order_id, command.refund_id, "there is no such refund")
    return found.amount


def _of_cancelled(command: CloseRefund, state: Cancelled) -> int:
    if command.outcome is not SETTLED:
        raise RefundNotOpen(
            command.order_id, command.refund_id, "of a cancelled order it can only be settled elsewhere"
        )
    if state.refund is not None and state.refund.refund_id != command.refund_id:
        raise RefundNotOpen(command.order_id, command.refund_id, f"its refund is {state.refund.refund_id}")
    if state.closed:
        raise RefundNotOpen(command.order_id, command.refund_id, f"{state.closed[0].refund_id} is settled already")
    if command.amount is not None:
        return command.amount
    if state.refund is not None:
        return state.refund.amount
    return state.payment.amount if state.payment else state.order.total
