"""Orders and events that need an operator."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from temporalio.service import RPCError

from application.failing import Failing
from application.reach import TemporalUnreachable
from application.set_aside import parked_events
from application.standing_still import StandingStill
from application.stripe_attention import money_at_risk
from application.stuck import Stuck
from audit import Sources
from settings import Settings


@dataclass
class StuckList:
    """What was found, up to a limit; `more` where there is more. problem: why Temporal could not be asked for all of it.

    per_source: the limit is that of each source, so that many failing orders hide no lost one and no money at risk.
    """

    limit: int
    per_source: bool = False
    rows: list[Stuck] = field(default_factory=list)
    more: bool = False
    problem: Exception | None = None
    _workflows: set[str] = field(default_factory=set)

    async def take(self, found: AsyncGenerator[Stuck, None]) -> None:
        """No more than there is room for, and each workflow once; the rest is not even looked for."""
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
        """Whether all was looked for and nothing found."""
        return not self.rows and self.problem is None


async def find_stuck(sources: Sources, settings: Settings, limit: int, *, per_source: bool = False) -> StuckList:
    """Failing steps, stalled workflows, orders that no workflow works on, orders on hold, parked events, money at risk.

    Without Temporal's client (`sources.client`), holds, parked events and money are known all the same. per_source: as in
    StuckList.
    """
    found = StuckList(limit, per_source, problem=None if sources.client else TemporalUnreachable())
    still = StandingStill(sources, settings)
    try:
        if sources.client:
            async with aclosing(Failing(sources.client, settings).all()) as failing:
                await found.take(failing)
        async with aclosing(still.orders()) as orders:
            await found.take(orders)
        if still.unreachable:
            found.problem = found.problem or TemporalUnreachable()
    except RPCError as error:
        found.problem = error
    async with aclosing(parked_events(sources)) as parked:
        await found.take(parked)
    async with aclosing(money_at_risk(sources)) as money:
        await found.take(money)
    return found
