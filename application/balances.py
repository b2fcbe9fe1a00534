"""Amounts of an order between shop and customer, from its state, in minor units of its currency."""

from typing import Final

from orders.adjustments import INCLUDED_IN_CANCELLATION, returned_by, withdrawn_by
from orders.state import Cancelled, ExistingOrder, Shipped

_BY_HAND: Final = frozenset({"refunded"})


def refunded(state: ExistingOrder) -> int:
    """Money that is recorded as refunded, refunds by hand at the provider included."""
    by_hand = returned_by(state.adjustments, _BY_HAND)
    match state:
        case Shipped():
            return by_hand + sum(refund.amount for refund in state.returned)
        case Cancelled(refund=refund) if refund and not state.is_settled:
            # Its event has the rest: refunds by hand before the cancellation are recorded by themselves.
            return refund.amount + returned_by(state.adjustments, INCLUDED_IN_CANCELLATION)
        case _:
            return by_hand


def owed(state: ExistingOrder) -> int:
    """Money that goes back to the customer and is not recorded as refunded."""
    match state:
        case Shipped():
            return sum(refund.amount for refund in state.owed)
        case Cancelled(payment=payment) if payment and not state.is_settled and state.payment_state == "paid":
            # As the payment state counts: money of a dispute is not owed, even if the dispute was won.
            return max(payment.amount - withdrawn_by(state.adjustments), 0)
        case _:
            return 0


def payment_word(payment_state: str, refunded: int) -> str:
    """The payment state for people: `partly refunded` where some of the money has gone back."""
    return "partly refunded" if payment_state == "paid" and refunded else payment_state
