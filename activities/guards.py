"""Preconditions of gateway and inventory steps, checked on the order's stream."""

from activities.signatures import RefundRef
from orders.errors import IllegalTransition, OrderOnHold
from orders.records import Refund
from orders.state import Cancelled, ExistingOrder, Shipped


def require_active(state: ExistingOrder, step: str) -> None:
    """Refuse a step of a cancelled or held order, so that its retries end. Raises IllegalTransition or OrderOnHold."""
    if isinstance(state, Cancelled):
        raise IllegalTransition(state.order.order_id, step, state.status)
    if state.hold is not None:
        raise OrderOnHold(state.order.order_id, state.hold.reason)


def requested_refund(state: ExistingOrder, ref: RefundRef) -> tuple[Shipped, Refund]:
    """Return the shipped order's state and its requested refund of this id. Raises IllegalTransition if there is none."""
    if isinstance(state, Shipped):
        for refund in state.requested:
            if refund.refund_id == ref.refund_id:
                return state, refund
    raise IllegalTransition(ref.order_id, "ReturnPayment", state.status)
