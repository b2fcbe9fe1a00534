"""Orders and events that need an operator, in the order of harm."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from temporalio.service import RPCError

from open_work.failing import FailingSteps
from open_work.kinds import KINDS, Kind, Stuck
from open_work.money_at_risk import money_at_risk
from open_work.parked import parked_events
from open_work.sources import Sources
from open_work.stalled import StalledOrders
from settings import Settings
from temporal import TemporalUnreachable

# Of each kind. A row costs a request to Temporal, and a number beyond this changes no decision.
MOST: Final = 1000
# Rows of the database alone, from sources that have other kinds too: beyond `MOST` of these a source is read on.
_CHEAP: Final[frozenset[Kind]] = frozenset({"refundFailed", "disputed", "holdEnding", "onHold"})


@dataclass(frozen=True, slots=True)
class StuckPage:
    """Some rows of the list. after: place of the last one, None on the last page. more: there are rows on no page, too."""

    rows: Sequence[Stuck]
    after: tuple[str, ...] | None
    more: bool


@dataclass
class StuckList:
    """Rows, at most `most` of each kind: many of one kind hide none of another. problem: why Temporal's part is incomplete."""

    most: int = MOST
    problem: Exception | None = None
    counts: Counter[Kind] = field(default_factory=Counter)
    full: set[Kind] = field(default_factory=set)
    _rows: list[Stuck] = field(default_factory=list)
    _workflows: set[str] = field(default_factory=set)

    async def add(self, found: AsyncGenerator[Stuck, None]) -> None:
        """Add a source's rows, each workflow once, up to `most` of a kind."""
        async for stuck in found:
            if stuck.workflow_id and stuck.workflow_id in self._workflows:
                continue
            if self.counts[stuck.kind] < self.most:
                self._add(stuck)
                continue
            self.full.add(stuck.kind)
            if stuck.kind not in _CHEAP:
                return

    def _add(self, stuck: Stuck) -> None:
        self.counts[stuck.kind] += 1
        self._rows.append(stuck)
        if stuck.workflow_id:
            self._workflows.add(stuck.workflow_id)

    @property
    def rows(self) -> list[Stuck]:
        """All rows, the most harmful first."""
        return sorted(self._rows, key=lambda stuck: stuck.place)

    def page(self, limit: int, *, kind: Kind | None = None, after: Sequence[str] = ()) -> StuckPage:
        """Rows behind a place, of one kind or all."""
        rows = [row for row in self.rows if kind in (None, row.kind) and row.place > tuple(after)]
        shown, rest = rows[:limit], rows[limit:]
        cut = bool(self.full) if kind is None else kind in self.full
        return StuckPage(shown, shown[-1].place if rest else None, more=bool(rest) or cut)

    @property
    def by_kind(self) -> Mapping[Kind, int]:
        """Number of rows of every kind, in the order of harm."""
        return {kind: self.counts[kind] for kind in KINDS}


async def find_stuck(
    sources: Sources, settings: Settings, most: int = MOST, *, within: float | None = None
) -> StuckList:
    """Failing steps, stalled and lost workflows, orders on hold, parked events, money at risk: `most` of each kind.

    Without Temporal's client (`sources.client`), holds, parked events and money are listed. within: seconds for each of the
    two searches that ask Temporal, after which the list is incomplete.
    """
    stalled = StalledOrders(sources, settings)
    found = StuckList(most, None if sources.client else TemporalUnreachable())
    if sources.client:
        await _search(found, FailingSteps(sources.client, settings).all(), within)
    await _search(found, stalled.all(), within)
    if stalled.unreachable:
        found.problem = found.problem or TemporalUnreachable()
    async with aclosing(parked_events(sources)) as parked:
        await found.add(parked)
    async with aclosing(money_at_risk(sources)) as money:
        await found.add(money)
    return found


async def find_stuck_of(
    sources: Sources, settings: Settings, order_id: str, *, within: float | None = None
) -> StuckList:
    """Failing steps of one order, its stalled and lost workflows, and its hold. within: as of `find_stuck`."""
    stalled = StalledOrders(sources, settings)
    found = StuckList(problem=None if sources.client else TemporalUnreachable())
    if sources.client:
        await _search(found, FailingSteps(sources.client, settings).all(order_id), within)
    await _search(found, stalled.of([order_id]), within)
    if stalled.unreachable:
        found.problem = found.problem or TemporalUnreachable()
    return found


async def _search(found: StuckList, rows: AsyncGenerator[Stuck, None], within: float | None = None) -> None:
    """Add the rows of a search that asks Temporal. Its failure, or its end by time, leaves the list incomplete."""
    try:
        async with asyncio.timeout(within) as limit, aclosing(rows):
            await found.add(rows)
    except RPCError as error:
        found.problem = error
    except TimeoutError:
        if not limit.expired():
            raise
        found.problem = TemporalUnreachable()
