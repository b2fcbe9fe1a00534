"""Units of a refunded order that go back into stock."""

from collections.abc import Mapping
from dataclasses import dataclass

from inventory.adjustments import Adjustment, Adjustments
from inventory.errors import AdjustmentRefused
from order_streams import Orders, load_order
from orders.errors import IllegalTransition
from orders.state import Shipped


@dataclass(frozen=True, slots=True)
class Restock:
    """A request to put returned units of a shipped order back into stock, once for each of its refunds.

    refund_id: of a refund requested here, or the provider's reference of a refund or dispute there.
    """

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
    """The order has no refund of this id, and no refund or dispute at the provider. `orders show` lists them."""

    def __init__(self, order_id: str, refund_id: str) -> None:
        super().__init__(f"order {order_id} has no refund {refund_id}")
        self.order_id, self.refund_id = order_id, refund_id


def _refund_ids(state: Shipped) -> set[str]:
    """Ids of the refunds requested here, and references of refunds and disputes at the provider."""
    at_provider = {
        each.reference for each in state.adjustments if each.action == "refunded" or "dispute" in each.action
    }
    return {each.refund_id for each in state.requested} | at_provider


async def restock(orders: Orders, adjustments: Adjustments, asked: Restock, *, actor: str) -> Restocked:
    """Put the units back; the same request again changes nothing. Raises OrderNotFound, IllegalTransition, RefundNotFound
    and AdjustmentRefused."""
    state = (await load_order(orders, asked.order_id)).state
    if not isinstance(state, Shipped):
        raise IllegalTransition(asked.order_id, "Restock", state.status)
    if asked.refund_id not in _refund_ids(state):
        raise RefundNotFound(asked.order_id, asked.refund_id)
    changed = await adjustments.restock(asked.order_id, asked.refund_id, asked.units, actor=actor, reason=asked.reason)
    return Restocked(changed, await adjustments.of_refund(asked.order_id, asked.refund_id))
