"""Recovery after a fail-over or a restore: finds the effects of events lost from the end of the log, and repairs them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from temporalio.client import Client, WorkflowExecutionStatus

from application.losses import Loss
from application.recovering_easypost import lost_labels
from application.recovering_refunds import lost_refunds
from application.recovering_runs import end, runs_ahead
from application.recovering_stripe import lost_charges
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS, Trigger
from eventstore.connection import BUILT_IN_ONLY
from eventstore.model import RecordedEvent
from eventstore.parking import forget_lost
from eventstore.pool import connect
from eventstore.statements import CHECKPOINTS_BEYOND, SEQUENCE_LAG, SET_BACK, SET_SEQUENCES
from open_work.evidence import gather
from open_work.open_orders import Prospect, Prospects, Work, unfinished
from open_work.sources import Sources
from order_streams.folded import order_ids
from orders.events import Event
from projections import PROJECTIONS
from settings import Settings
from temporal import require_answer

if TYPE_CHECKING:  # the packages `easypost` and `stripe` are extras
    from gateways.easypost.shipping import EasyPostShippingGateway
    from gateways.stripe.api import StripeApi

Progress = Callable[[str, int], None]
_PROJECTIONS: Final = frozenset(projection.name for projection in PROJECTIONS)


@dataclass(frozen=True, slots=True)
class Recovery:
    """One run. since: charges and labels at the providers are compared from then on. apply: False changes nothing."""

    sources: Sources
    client: Client
    stripe: "StripeApi | None"
    easypost: "EasyPostShippingGateway | None"
    settings: Settings
    since: datetime
    apply: bool
    on_progress: Progress = lambda stage, done: None

    async def losses(self) -> AsyncIterator[Loss]:
        """All losses, in the order in which they are repaired. Raises TemporalUnreachable before anything is changed, and the
        errors of the database and the provider."""
        await require_answer(self.client)
        async for loss in self._sequence():
            yield loss
        async for loss in self._checkpoints():
            yield loss
        async for loss in self._at_providers():
            yield loss
        async for loss in self._runs_ahead():
            yield loss
        async for loss in self._workflows():
            yield loss

    async def _sequence(self) -> AsyncIterator[Loss]:
        behind = await self.sources.pool.fetchval(SEQUENCE_LAG)
        if not behind:
            return
        if self.apply:
            owner = await connect(self.settings.owner_database_url, BUILT_IN_ONLY)
            try:
                for statement in SET_SEQUENCES:
                    await owner.execute(statement)
            finally:
                await owner.close()
        yield Loss("sequence", "event_position", f"is {behind:,} behind the log", self.apply)

    async def _checkpoints(self) -> AsyncIterator[Loss]:
        head = await self.sources.store.head()
        if self.apply:
            await forget_lost(self.sources.pool, head)
        for name, position in await self.sources.pool.fetch(CHECKPOINTS_BEYOND, head):
            problem = f"has read to position {position:,}, and the log ends at {head:,}"
            if name in _PROJECTIONS:
                yield Loss("checkpoint", name, problem, remedy=f"orders projections rebuild {name}")
                continue
            if self.apply:
                await self.sources.pool.execute(SET_BACK, name, head)
            yield Loss("checkpoint", name, problem, self.apply)

    async def _at_providers(self) -> AsyncIterator[Loss]:
        """Charges before refunds: a refund cannot be recorded before its charge."""
        if self.stripe is not None:
            self.on_progress("charges", 0)
            async for loss in lost_charges(self.sources, self.stripe, self.since, apply=self.apply):
                yield loss
            self.on_progress("refunds", 0)
            async for loss in lost_refunds(self.sources, self.stripe, self.since, apply=self.apply):
                yield loss
        if self.easypost is not None:
            self.on_progress("labels", 0)
            async for loss in lost_labels(self.sources, self.easypost, self.since, apply=self.apply):
                yield loss

    async def _runs_ahead(self) -> AsyncIterator[Loss]:
        self.on_progress("runs", 0)
        async for run in runs_ahead(self.sources, self.client, self.settings.task_queue):
            if self.apply:
                await end(self.client, run)
                await self._take_up(run.order_id)
            yield Loss("workflow", run.order_id, run.problem, self.apply)

    async def _take_up(self, order_id: str) -> None:
        """Start the work that is left of the order. The dispatcher does not restart terminated runs."""
        evidence, _ = await gather(self.sources, [order_id])
        for work in (work for each in evidence for work in unfinished(each) if not work.held):
            await self._start(work)

    async def _workflows(self) -> AsyncIterator[Loss]:
        looked, sources, prospects = 0, self.sources, Prospects(self.sources)
        async for ids in order_ids(sources.pool):
            evidence, _ = await gather(sources, ids)
            known = await prospects.of([work for each in evidence for work in unfinished(each)])
            for prospect in (prospect for found in known.values() for prospect in found if prospect.fault):
                yield await self._work(prospect)
            looked += len(ids)
            self.on_progress("orders", looked)

    async def _work(self, prospect: Prospect) -> Loss:
        work, fault = prospect.work, prospect.fault or ""
        if prospect.standstill or prospect.ended not in (None, WorkflowExecutionStatus.COMPLETED):
            return Loss("workflow", work.order_id, fault, remedy=f"orders retry {work.order_id}")
        if self.apply:
            await self._start(work)
        return Loss("workflow", work.order_id, f"{fault}, and its work is not done", self.apply)

    async def _start(self, work: Work) -> None:
        recorded = await self.sources.store.read_at(work.position)
        assert recorded is not None, "the work was found by its event"
        event = self.sources.codec.decode(recorded)
        starter = WorkflowStarter(self.client, self.settings)
        await starter.start(replace(_trigger(work, event, recorded), again=True, signal=None), event, recorded)


def _trigger(work: Work, event: Event, recorded: RecordedEvent) -> Trigger:
    """The trigger of this event, or any of the workflow where the event is the order's last and triggers nothing."""
    of_workflow = [trigger for trigger in TRIGGERS if trigger.workflow == work.workflow]
    matching = (each for each in of_workflow if each.event_type == recorded.type and each.when(event))
    return next(matching, of_workflow[0])
