"""Recovery after a fail-over or a restore: finds all that a lost end of the log has left, and takes up all that can be."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from temporalio.client import Client, WorkflowExecutionStatus

from application.recovering_stripe import lost_charges
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS, Trigger
from eventstore.connection import BUILT_IN_ONLY
from eventstore.model import RecordedEvent
from eventstore.pool import connect
from gateways.stripe.ledger import StripeLedger
from open_work.evidence import gather
from open_work.open_orders import Prospect, Prospects, Work, unfinished
from open_work.sources import Sources
from order_streams import Orders
from order_streams.folded import order_ids
from orders.events import Event
from projections import PROJECTIONS
from settings import Settings
from temporal import require_answer

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.api import StripeApi

Progress = Callable[[str, int], None]
_LAG: Final = "select eventstore.sequence_lag()"
# As the owner: the application has no right to the sequences.
_SET_SEQUENCES: Final = (
    # Checkpoints count as well as the log: an append at or below one of them would be refused.
    "select setval('eventstore.event_position', greatest(1, (select max(position) from eventstore.events), "
    "(select max(position) from eventstore.subscriptions)))",
    "select setval(pg_get_serial_sequence('eventstore.streams', 'stream_id'), greatest(max(stream_id), 1)) "
    "from eventstore.streams",
)
_BEYOND: Final = "select name, position from eventstore.subscriptions where position > $1 order by name"
_SET_BACK: Final = (
    "update eventstore.subscriptions set position = $2, updated_at = now() where name = $1 and position > $2"
)
_PROJECTIONS: Final = frozenset(projection.name for projection in PROJECTIONS)


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that is missing or out of step. done: this run has taken it up. remedy: what a person does otherwise, None
    where `orders recover --apply` does it."""

    kind: Literal["sequence", "checkpoint", "charge", "workflow"]
    subject: str
    problem: str
    done: bool = False
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """One run. since: charges at the provider are compared from then on. apply: False changes nothing."""

    sources: Sources
    client: Client
    orders: Orders
    stripe: "StripeApi | None"
    settings: Settings
    since: datetime
    apply: bool
    on_progress: Progress = lambda stage, done: None

    async def losses(self) -> AsyncIterator[Loss]:
        """All there are, in the order in which they have to be dealt with. Raises TemporalUnreachable before anything is
        changed, and what the database and the provider raise."""
        await require_answer(self.client)
        async for loss in self._sequence():
            yield loss
        async for loss in self._checkpoints():
            yield loss
        if self.stripe is not None:
            self.on_progress("charges", 0)
            ledger = StripeLedger(self.sources.pool)
            async for charge in lost_charges(self.orders, ledger, self.stripe, self.since, apply=self.apply):
                yield Loss("charge", charge.order_id, charge.problem, charge.done, charge.remedy)
        async for loss in self._workflows():
            yield loss

    async def _sequence(self) -> AsyncIterator[Loss]:
        behind = await self.sources.pool.fetchval(_LAG)
        if not behind:
            return
        if self.apply:
            owner = await connect(self.settings.owner_database_url, BUILT_IN_ONLY)
            try:
                for statement in _SET_SEQUENCES:
                    await owner.execute(statement)
            finally:
                await owner.close()
        yield Loss("sequence", "event_position", f"is {behind:,} behind the log", self.apply)

    async def _checkpoints(self) -> AsyncIterator[Loss]:
        head = await self.sources.store.head()
        for name, position in await self.sources.pool.fetch(_BEYOND, head):
            problem = f"has read to position {position:,}, and the log ends at {head:,}"
            if name in _PROJECTIONS:
                yield Loss("checkpoint", name, problem, remedy=f"orders projections rebuild {name}")
                continue
            if self.apply:
                await self.sources.pool.execute(_SET_BACK, name, head)
            yield Loss("checkpoint", name, problem, self.apply)

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
        starter = WorkflowStarter(self.client, self.settings.task_queue)
        await starter.start(replace(_trigger(work, event, recorded), again=True, signal=None), event, recorded)


def _trigger(work: Work, event: Event, recorded: RecordedEvent) -> Trigger:
    """The trigger of this event, or any of the workflow where the event is the order's last and triggers nothing."""
    of_workflow = [trigger for trigger in TRIGGERS if trigger.workflow == work.workflow]
    named = (each for each in of_workflow if each.event_type == recorded.type and each.when(event))
    return next(named, of_workflow[0])
