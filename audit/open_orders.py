"""Orders that are not settled: what is still to be done, and why it may be waited for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from audit.evidence import Evidence
from audit.sources import Sources
from dispatcher.dispatcher import NAME as DISPATCHER
from orders.events import CancelledBy, OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from orders.state import Cancelled, Confirmed, Paid, Placed, Shipped
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, VALIDATE_ORDER

_IN_FLIGHT: Final = 20
_RPC_LIMIT: Final = timedelta(seconds=5)
_BY_PERSON: Final = (CancelledBy.CUSTOMER, CancelledBy.OPERATOR)
# By the primary key of subscriptions, and of parked.
_CHECKPOINT = "select position from eventstore.subscriptions where name = $1"
_PARKED = "select position from dispatcher.parked where position = any ($1::bigint[])"


@dataclass(frozen=True, slots=True)
class Work:
    """What is still to be done for an order: by which workflow, started by the event at which position."""

    workflow: str
    order_id: str
    position: int

    @property
    def workflow_id(self) -> str:
        return f"{self.workflow}-{self.order_id}"


@dataclass(frozen=True, slots=True)
class Prospect:
    """Whether unfinished work will go on: `reason` why it will, or `fault` why nobody knows of anything that does it."""

    work: Work
    reason: str | None = None
    fault: str | None = None


def unfinished(evidence: Evidence) -> Work | None:
    """The work left; None for a settled order."""
    match evidence.state:
        case Placed():
            return _work(evidence, VALIDATE_ORDER, OrderPlaced.event_type)
        case Confirmed() | Paid():
            return _work(evidence, FULFILL_ORDER, OrderConfirmed.event_type)
        case Shipped():
            return _work(evidence, NOTIFY_SHIPMENT, OrderShipped.event_type) if evidence.missing else None
        case Cancelled() as state:
            if not _left_to_undo(evidence, state):
                return None
            by_person = state.cancelled_by in _BY_PERSON
            return _work(evidence, FULFILL_ORDER, (OrderCancelled if by_person else OrderConfirmed).event_type)


def _work(evidence: Evidence, workflow: str, trigger: str) -> Work:
    stream = evidence.stream
    # An order that no workflow was ever started for has no trigger: then its last event stands for it.
    event = stream.events.get(trigger) or max(stream.events.values(), key=lambda each: each.position)
    return Work(workflow, stream.order_id, event.position)


def _left_to_undo(evidence: Evidence, state: Cancelled) -> bool:
    recorded = state.refund.amount if state.refund else 0
    return bool(evidence.kept or evidence.live_labels or evidence.reserved or evidence.refunded != recorded)


class Prospects:
    """Asks the dispatcher and Temporal about unfinished work. `unreachable`: why Temporal does not answer."""

    def __init__(self, sources: Sources) -> None:
        self._pool, self._client = sources.pool, sources.client
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self.unreachable = None if sources.client else "Temporal is not reachable"

    async def of(self, works: Sequence[Work]) -> dict[str, Prospect]:
        """By order id. The dispatcher is asked first: what it has passed was started before."""
        if not works:
            return {}
        checkpoint = int(await self._pool.fetchval(_CHECKPOINT, DISPATCHER) or 0)
        positions = [work.position for work in works]
        parked = {row["position"] for row in await self._pool.fetch(_PARKED, positions)}
        prospects = await asyncio.gather(*(self._prospect(work, checkpoint, parked) for work in works))
        return {prospect.work.order_id: prospect for prospect in prospects}

    async def _prospect(self, work: Work, checkpoint: int, parked: set[int]) -> Prospect:
        if work.position in parked:
            return Prospect(work, reason="its event is parked by the dispatcher")
        if work.position > checkpoint:
            return Prospect(work, reason="the dispatcher has not come to its event")
        async with self._in_flight:
            return await self._ask_temporal(work)

    async def _ask_temporal(self, work: Work) -> Prospect:
        if self._client is None or self.unreachable:
            return Prospect(work, fault=f"{self.unreachable}: whether {work.workflow} runs is not known")
        try:
            status = await _status(self._client, work.workflow_id)
        except (RPCError, RuntimeError):  # the latter where a client connects only now
            self.unreachable = "Temporal does not answer"
            return await self._ask_temporal(work)
        if status is WorkflowExecutionStatus.RUNNING:
            return Prospect(work, reason=f"{work.workflow} is running")
        found = f"has ended ({status.name.lower()})" if status else "does not exist"
        return Prospect(work, fault=f"workflow {work.workflow_id} {found}")


async def _status(client: Client, workflow_id: str) -> WorkflowExecutionStatus | None:
    try:
        return (await client.get_workflow_handle(workflow_id).describe(rpc_timeout=_RPC_LIMIT)).status
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
