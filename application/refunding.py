"""Requests for a refund of a shipped order."""

from application.acting import act
from eventstore.command_handler import Handled
from order_streams import Orders, load_order
from orders.errors import RefundOutOfRange
from orders.interventions import RequestRefund
from orders.records import Refund
from orders.state import Shipped, State


class RefundIdTaken(Exception):
    """A refund of this order has the id already, with another amount or reason (`before`). Take another id."""

    def __init__(self, order_id: str, before: Refund) -> None:
        super().__init__(order_id, before)
        self.order_id, self.before = order_id, before

    def __str__(self) -> str:
        return (
            f"refund {self.before.refund_id} of order {self.order_id} was asked for before, with an amount of "
            f"{self.before.amount} and the reason {self.before.reason!r}: take another id"
        )


async def request_refund(
    orders: Orders, asked: RequestRefund, *, actor: str, command_id: str, expected: frozenset[int] | None = None
) -> Handled[State]:
    """Request the refund; the same request again changes nothing. Raises RefundIdTaken, and what `act` raises."""
    try:
        return await act(orders, asked, actor=actor, command_id=command_id, expected=expected)
    except RefundOutOfRange:
        before = refund_of((await shipped(orders, asked.order_id)).requested, asked.refund_id)
        if before is None:
            raise
        raise RefundIdTaken(asked.order_id, before) from None


async def shipped(orders: Orders, order_id: str) -> Shipped:
    state = (await load_order(orders, order_id)).state
    assert isinstance(state, Shipped)
    return state


def refund_of(refunds: tuple[Refund, ...], refund_id: str) -> Refund | None:
    return next((each for each in refunds if each.refund_id == refund_id), None)
