"""Orders of a demo until each has ended: shipped with its messages published, or cancelled with everything undone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cli.demo import statements
from open_work.evidence import gather
from open_work.open_orders import unfinished
from open_work.sources import Sources
from orders.state import has_ended

_POLL: Final = 0.25  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """An ended order, from the read model. kept: paid and not refunded, minor units; ended_at: UTC."""

    order_id: str
    customer_id: str
    status: str
    reason: str | None
    cancelled_by: str | None
    currency: str
    kept: int
    ended_at: datetime
    version: int


@dataclass(slots=True)
class Tally:
    """Progress of a run: orders placed, and ended orders by status."""

    placed: int = 0
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        return self.placed - self.ended.total()


class Course:
    """The orders of one run, polled in the read model until each has ended."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._pending: dict[str, None] = {}
        self.tally = Tally()

    def add(self, order_id: str) -> None:
        self._pending[order_id] = None
        self.tally.placed += 1

    async def poll(self) -> list[Ended]:
        """Return the orders that have ended since the last poll."""
        rows = [Ended(*row) for row in await self._sources.pool.fetch(statements.ENDED, list(self._pending))]
        evidence, _ = await gather(self._sources, [each.order_id for each in rows])
        done = {
            each.stream.order_id: each.stream.version
            for each in evidence
            if has_ended(each.state) and not unfinished(each)
        }
        ended = [each for each in rows if done.get(each.order_id) == each.version]  # a row lags behind its stream
        for each in ended:
            del self._pending[each.order_id]
            self.tally.ended[each.status] += 1
        return ended


async def all_ended(
    course: Course,
    all_placed: asyncio.Event,
    on_ended: Callable[[Sequence[Ended]], None],
    patience: float,
) -> bool:
    """Poll until `all_placed` is set and nothing is pending: True. on_ended is called after every poll.

    patience: seconds without an ended order after which the wait is given up, once all are placed: False.
    """
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        complete = all_placed.is_set()
        found = await course.poll()
        on_ended(found)
        if complete and course.tally.open == 0:
            return True
        if found or not complete:
            last = loop.time()
        if loop.time() - last > patience:
            return False
        await asyncio.sleep(_POLL)
