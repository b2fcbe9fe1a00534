"""Amounts of an order between shop and customer, from its state, in minor units of its currency."""

from orders.state import Cancelled, ExistingOrder, Shipped


def refunded(state: ExistingOrder) -> int:
    """Money that is recorded as refunded."""
    match state:
        case Shipped():
            return sum(refund.amount for refund in state.refunds)
        case Cancelled(refund=refund):
            return refund.amount if refund else 0
        case _:
            return 0


def owed(state: ExistingOrder) -> int:
    """Money that goes back to the customer and is not recorded as refunded."""
    match state:
        case Shipped():
            return sum(refund.amount for refund in state.requested if state.made(refund.refund_id) is None)
        case Cancelled(payment=payment) if payment and state.payment_state == "paid":
            return payment.amount
        case _:
            return 0


def payment_word(payment_state: str, refunded: int) -> str:
    """The payment state for people: `partly refunded` where some of the money has gone back."""
    return "partly refunded" if payment_state == "paid" and refunded else payment_state
