"""Orders and events that need an operator."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from temporalio.service import RPCError

from open_work.failing import FailingSteps
from open_work.kinds import Stuck
from open_work.money_at_risk import money_at_risk
from open_work.parked import parked_events
from open_work.sources import Sources
from open_work.stalled import StalledOrders
from settings import Settings
from temporal import TemporalUnreachable


@dataclass
class StuckList:
    """Rows up to a limit; `more` if there are more. problem: why Temporal's part is incomplete.

    per_source: the limit applies to each source: many failing orders do not push lost orders or money at risk off the list.
    """

    limit: int
    per_source: bool = False
    rows: list[Stuck] = field(default_factory=list)
    more: bool = False
    problem: Exception | None = None
    _workflows: set[str] = field(default_factory=set)

    async def add(self, found: AsyncGenerator[Stuck, None]) -> None:
        """Add rows up to the limit, each workflow once. Beyond it the source is not read further."""
        if self.more and not self.per_source:
            return
        end = self.limit + (len(self.rows) if self.per_source else 0)
        async for stuck in found:
            if stuck.workflow_id and stuck.workflow_id in self._workflows:
                continue
            if len(self.rows) == end:
                self.more = True
                return
            self.rows.append(stuck)
            if stuck.workflow_id:
                self._workflows.add(stuck.workflow_id)

    @property
    def is_empty(self) -> bool:
        """True if the list is complete and has no rows."""
        return not self.rows and self.problem is None


async def find_stuck(sources: Sources, settings: Settings, limit: int, *, per_source: bool = False) -> StuckList:
    """Failing steps, stalled and lost workflows, orders on hold, parked events, money at risk.

    Without Temporal's client (`sources.client`), holds, parked events and money are listed. per_source: as in StuckList.
    """
    found = StuckList(limit, per_source, problem=None if sources.client else TemporalUnreachable())
    stalled = StalledOrders(sources, settings)
    try:
        if sources.client:
            async with aclosing(FailingSteps(sources.client, settings).all()) as failing:
                await found.add(failing)
        async with aclosing(stalled.all()) as orders:
            await found.add(orders)
        if stalled.unreachable:
            found.problem = found.problem or TemporalUnreachable()
    except RPCError as error:
        found.problem = error
    async with aclosing(parked_events(sources)) as parked:
        await found.add(parked)
    async with aclosing(money_at_risk(sources)) as money:
        await found.add(money)
    return found
