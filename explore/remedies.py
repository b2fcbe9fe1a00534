"""The runbook's remedies for the rows of `orders attention`."""

import asyncio
import contextlib
from typing import Final

from dispatcher.parking import NotParked
from explore.acts import perform
from explore.system import Explored
from open_work.attention_list import find_stuck
from open_work.kinds import Stuck

_LIMIT: Final = 100_000


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
            found = await find_stuck(app.sources(self._system.restored), app.settings, _LIMIT)
        if found.problem:
            raise found.problem
        return found.rows


async def remedy(system: Explored, row: Stuck, sku: str, command_id: str) -> None:
    """Execute the runbook's remedy for a row."""
    order_id = row.order_id
    if "dashboard" in row.error:
        _return_by_hand(system, row)
    match row.kind:
        case "onHold":
            await perform(system, order_id, sku, "release", {"heard": True}, command_id)
        case "parked":
            dispatcher = system.app.dispatcher(system.client, eager=False)
            with contextlib.suppress(NotParked):
                await dispatcher.retry(row.position or 0)
        case "refundFailed" | "disputed":
            pass
        case _:
            await perform(system, order_id, sku, "retry", {"heard": True}, command_id)


def _return_by_hand(system: Explored, row: Stuck) -> None:
    """Refund in the dashboard the bounced amount, or the rest of a cancelled order's money."""
    books = system.stripe
    if row.state == "cancelled":
        books.refund_by_hand(row.order_id, None)
        return
    bounced = [
        refund["amount"]
        for intent in books.of(row.order_id)
        for refund in books.refunds_of(intent["id"])
        if refund["status"] == "failed" and refund["metadata"]
    ]
    if sum(bounced) > books.by_hand(row.order_id):
        books.refund_by_hand(row.order_id, sum(bounced) - books.by_hand(row.order_id))
