"""The runbook's remedies for the rows of `orders attention`."""

import asyncio
import contextlib
from typing import Final

from eventstore.parking import NotParked
from explore import stripe_by_hand as by_hand
from explore.acts import perform
from explore.system import Explored
from open_work.attention_list import find_stuck
from open_work.kinds import Stuck
from orders.ids import CANCELLATION, stream_name
from orders.payment_events import RefundOutcome
from orders.state import Shipped

_LIMIT: Final = 100_000
_LOOKS: Final = 5  # at a Temporal that a busy machine makes slow


class Attention:
    """`orders attention` for many sequences: those that ask while a list is being made get the next one together."""

    def __init__(self, system: Explored) -> None:
        self._system = system
        self._making: asyncio.Lock = asyncio.Lock()
        self._next: asyncio.Task[list[Stuck]] | None = None

    async def of(self, order_id: str) -> list[Stuck]:
        """The order's rows in a list that was begun after this call."""
        if self._next is None:
            self._next = asyncio.create_task(self._make())
        return [row for row in await asyncio.shield(self._next) if row.order_id == order_id]

    async def _make(self) -> list[Stuck]:
        async with self._making:
            self._next = None  # from here on a caller needs a later list
            app = self._system.app
            for _ in range(_LOOKS):
                found = await find_stuck(app.sources(self._system.restored), app.settings, _LIMIT)
                if found.problem is None:
                    return found.rows
        assert found.problem
        raise found.problem


async def remedy(system: Explored, row: Stuck, sku: str, command_id: str, seed: int) -> None:
    """Execute the remedy that the runbook names for a row. seed: selects one where there are two."""
    order_id = row.order_id
    if "orders refunds settle" in row.error:
        await _return_money(system, row, sku, command_id, in_dashboard=seed % 3 > 0)
    match row.kind:
        case "onHold":
            what = "release" if seed % 2 else "cancel"
            await perform(system, order_id, sku, what, {"heard": True}, command_id)
        case "parked":
            dispatcher = system.app.dispatcher(system.client, eager=False)
            with contextlib.suppress(NotParked):
                await dispatcher.retry(row.position or 0)
        case "refundFailed" | "disputed":
            pass
        case _:
            offered = {"carrier": "USPS", "service": "Priority"} if "no rate of" in row.error else {}
            await perform(system, order_id, sku, "retry", {"heard": True, **offered}, command_id)


async def _return_money(system: Explored, row: Stuck, sku: str, command_id: str, *, in_dashboard: bool) -> None:
    """Refund the money due in the dashboard; or settle it elsewhere, also where Stripe refunds nothing."""
    order_id, before = row.order_id, system.stripe.kept(row.order_id)
    if in_dashboard:
        _return_by_hand(system, row)
        if system.stripe.kept(order_id) < before:
            return
    for refund_id in await _due(system, order_id):
        how = {"id": refund_id, "outcome": RefundOutcome.SETTLED_ELSEWHERE}
        await perform(system, order_id, sku, "close refund", how, f"{command_id}-{refund_id}")


async def _due(system: Explored, order_id: str) -> list[str]:
    """Ids of the order's refunds that Stripe has not made."""
    state = (await system.app.orders.load(stream_name(order_id))).state
    if not isinstance(state, Shipped):
        return [CANCELLATION]
    kept = {each.refund_id for each in state.requested} - {each.refund_id for each in state.closed}
    return sorted(kept)


def _return_by_hand(system: Explored, row: Stuck) -> None:
    """Refund in the dashboard the failed amount, or the rest of a cancelled order's money."""
    books, order_id = system.stripe, row.order_id
    if row.state == "cancelled":
        by_hand.refund(books, order_id, None)
    elif (due := by_hand.bounced(books, order_id) - by_hand.refunded(books, order_id)) > 0:
        by_hand.refund(books, order_id, due)
