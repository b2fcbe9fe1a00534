"""Open orders: the work that is left for each, and whether anything will do it."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from dispatcher.dispatcher import NAME as DISPATCHER
from dispatcher.older_ids import id_in_use
from dispatcher.statements import WAITING_POSITIONS
from dispatcher.triggers import TRIGGERS
from eventstore.checkpoints import position_of
from eventstore.parking import Parking
from open_work.evidence import Evidence
from open_work.sources import Sources
from open_work.standstill import RPC_LIMIT, Standstill, standstill
from orders.events import Event, RefundRequested
from orders.names import workflow_id
from orders.records import Refund
from orders.state import Cancelled, Confirmed, Paid, Placed, Shipped
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, REFUND_ORDER, VALIDATE_ORDER

ON_HOLD: Final = "on hold"
_IN_FLIGHT: Final = 20


@dataclass(frozen=True, slots=True)
class Work:
    """Work left for an order: the workflow that does it, the order (and refund) it is about, the position of the event that
    starts it. held: only after a person releases the order. found_id: the workflow's id, where a search returned it."""

    workflow: str
    about: tuple[str, ...]
    position: int
    held: bool = False
    found_id: str | None = None

    @property
    def order_id(self) -> str:
        return self.about[0]

    @property
    def workflow_id(self) -> str:
        return self.found_id or workflow_id(self.workflow, *self.about)


@dataclass(frozen=True, slots=True)
class Prospect:
    """Prospect of work left: `reason` why it will be done, or `fault` why it may not.
    standstill: of a running workflow that makes no progress. ended: status of the workflow's last run, None while it runs or
    if there is none."""

    work: Work
    reason: str | None = None
    fault: str | None = None
    standstill: Standstill | None = None
    ended: WorkflowExecutionStatus | None = None

    @property
    def is_stuck(self) -> bool:
        return self.fault is not None or self.standstill is not None


def unfinished(evidence: Evidence) -> list[Work]:
    """Work left; none for a completed order."""
    match evidence.state:
        case Placed():
            return [_work(evidence, VALIDATE_ORDER)]
        case Confirmed() | Paid():
            return [_work(evidence, FULFILL_ORDER)]
        case Shipped() as state:
            notify = [_work(evidence, NOTIFY_SHIPMENT)] if evidence.missing else []
            return notify + [_refund(evidence, refund) for refund in state.owed]
        case Cancelled() as state:
            return [_work(evidence, FULFILL_ORDER)] if _left_to_undo(evidence, state) else []


def _work(evidence: Evidence, workflow: str) -> Work:
    stream = evidence.stream
    # The last event stands in for the trigger of an order that no workflow was started for.
    trigger = stream.last(lambda event: _triggers(event, workflow))
    recorded = trigger[0] if trigger else stream.last_step
    held = evidence.state.hold is not None
    return Work(workflow, (stream.order_id,), recorded.position, held)


def _triggers(event: Event, workflow: str) -> bool:
    return any(
        trigger.workflow == workflow and trigger.event_type == event.event_type and trigger.when(event)
        for trigger in TRIGGERS
    )


def _refund(evidence: Evidence, refund: Refund) -> Work:
    stream = evidence.stream
    for recorded, event in stream.events:
        if isinstance(event, RefundRequested) and event.refund_id == refund.refund_id:
            return Work(REFUND_ORDER, (stream.order_id, refund.refund_id), recorded.position)
    raise AssertionError("unreachable: it was requested by an event")


def _left_to_undo(evidence: Evidence, state: Cancelled) -> bool:
    if state.is_settled:  # its money is kept, and returned in another way
        return bool(evidence.live_labels or evidence.reserved)
    return bool(evidence.kept or evidence.live_labels or evidence.reserved or evidence.refunded != state.returned_money)


class Prospects:
    """Looks up work left at the dispatcher and at Temporal. unreachable: the reason why Temporal's answer is missing."""

    def __init__(self, sources: Sources) -> None:
        self._pool, self._client = sources.pool, sources.client
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self.unreachable = None if sources.client else "Temporal is not reachable"
        self.described: set[str] = set()
        """Ids of the workflows that Temporal has described."""

    async def of(self, works: Sequence[Work]) -> dict[str, list[Prospect]]:
        """Prospects by order id. The dispatcher's checkpoint is read first: the workflows of events before it are started."""
        if not works:
            return {}
        checkpoint = await position_of(self._pool, DISPATCHER)
        positions = [work.position for work in works]
        parked = await Parking(self._pool, DISPATCHER).of(positions)
        waiting = {row["position"] for row in await self._pool.fetch(WAITING_POSITIONS, positions)}
        by_order: dict[str, list[Prospect]] = defaultdict(list)
        for prospect in await asyncio.gather(*(self._prospect(work, checkpoint, parked, waiting) for work in works)):
            by_order[prospect.work.order_id].append(prospect)
        return by_order

    async def _prospect(self, work: Work, checkpoint: int, parked: set[int], waiting: set[int]) -> Prospect:
        if work.held:
            return Prospect(work, reason=ON_HOLD)
        if work.position in parked:
            return Prospect(work, reason="its event is parked by the dispatcher")
        if work.position in waiting:
            return Prospect(work, reason="it is one of an import, and waits for its turn")
        if work.position > checkpoint:
            return Prospect(work, reason="the dispatcher has not come to its event")
        async with self._in_flight:
            return await self._at_temporal(work)

    async def _at_temporal(self, work: Work) -> Prospect:
        if self._client is None or self.unreachable:
            return Prospect(work, fault=f"{self.unreachable}: whether {work.workflow} runs is not known")
        self.described.add(work.workflow_id)
        try:
            id_ = work.found_id or await id_in_use(self._client, work.workflow, *work.about)
            found = await _description(self._client, id_)
            running = found is not None and found.status is WorkflowExecutionStatus.RUNNING
            still = await standstill(self._client, found) if found and running else None
        except (RPCError, RuntimeError):  # the latter where a client connects only now
            self.unreachable = "Temporal does not answer"
            return await self._at_temporal(work)
        if still and still.kind == "stalled":
            return Prospect(work, fault=f"workflow {work.workflow_id} {still.error}", standstill=still)
        if running:
            return Prospect(work, reason=f"{work.workflow} is running", standstill=still)
        status = found.status if found else None
        ended = f"has ended ({status.name.lower()})" if status else "does not exist"
        if work.found_id:  # found by a search, whose index lags: no work of the order was left for this run
            return Prospect(work, reason=f"{work.workflow} {ended}", ended=status)
        return Prospect(work, fault=f"workflow {work.workflow_id} {ended}", ended=status)


async def _description(client: Client, workflow_id: str) -> WorkflowExecutionDescription | None:
    try:
        return await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_LIMIT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
