"""Units of a refunded order that go back into stock."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.refunding import refund_of
from inventory.adjustments import Adjustment, Adjustments
from inventory.errors import AdjustmentRefused
from order_streams import Orders, load_order
from orders.errors import IllegalTransition
from orders.state import Shipped


@dataclass(frozen=True, slots=True)
class Restock:
    """A request to put returned units of a shipped order back into stock, once for each of its refunds."""

    order_id: str
    refund_id: str
    units: Mapping[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class Restocked:
    """The entries of a restock. changed: False for a repetition."""

    changed: bool
    entries: list[Adjustment]


class RefundNotFound(AdjustmentRefused):
    """The order has no refund of this id. `orders show` lists them."""

    def __init__(self, order_id: str, refund_id: str) -> None:
        super().__init__(f"order {order_id} has no refund {refund_id}")
        self.order_id, self.refund_id = order_id, refund_id


async def restock(orders: Orders, adjustments: Adjustments, asked: Restock, *, actor: str) -> Restocked:
    """Put the units back; the same request again changes nothing. Raises OrderNotFound, IllegalTransition, RefundNotFound
    and AdjustmentRefused."""
    state = (await load_order(orders, asked.order_id)).state
    if not isinstance(state, Shipped):
        raise IllegalTransition(asked.order_id, "Restock", state.status)
    if refund_of(state.requested, asked.refund_id) is None:
        raise RefundNotFound(asked.order_id, asked.refund_id)
    changed = await adjustments.restock(asked.order_id, asked.refund_id, asked.units, actor=actor, reason=asked.reason)
    return Restocked(changed, await adjustments.of_refund(asked.order_id, asked.refund_id))
