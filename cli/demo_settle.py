"""The orders of a demo on their way to their end: shipped and others told of it, or cancelled and everything undone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from order_streams.messages import message_id
from orders.events import CancelledBy
from orders.names import workflow_id
from orders.topics import TOPICS
from workflows.model import FULFILL_ORDER

_POLL: Final = 0.25  # seconds

# By the primary keys of order_dashboard and of events; an order's last event is that of its status.
_ENDED = """
select d.order_id, d.customer_id, d.status, d.reason, d.cancelled_by, d.currency,
       d.amount_paid - d.amount_refunded as kept, coalesce(d.shipped_at, d.cancelled_at) as ended_at, e.version
  from unnest($1::text[]) as w (order_id)
  join projections.order_dashboard d using (order_id) join eventstore.events e using (position)
 where d.status in ('shipped', 'cancelled')"""
# By events_id_key.
_PUBLISHED = "select id from eventstore.events where id = any ($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Ended:
    """An order at its end, by the read model. kept: paid and not given back, minor units; ended_at: UTC."""

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
    """How far a run is: orders placed, and those settled by status."""

    placed: int = 0
    settled: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        return self.placed - self.settled.total()


class Course:
    """The orders of one run, looked at in the read model until each has settled."""

    def __init__(self, pool: asyncpg.Pool, client: Client) -> None:
        self._pool, self._client = pool, client
        self._pending: dict[str, None] = {}
        self.tally = Tally()

    def add(self, order_id: str) -> None:
        """An order that was placed."""
        self._pending[order_id] = None
        self.tally.placed += 1

    async def poll(self) -> list[Ended]:
        """The orders that have settled since the last poll."""
        ended = [Ended(*row) for row in await self._pool.fetch(_ENDED, list(self._pending))]
        settled = [*await self._told(ended), *await self._undone(ended)]
        for each in settled:
            del self._pending[each.order_id]
            self.tally.settled[each.status] += 1
        return settled

    async def _told(self, ended: Sequence[Ended]) -> list[Ended]:
        """The shipped ones whose messages are all published."""
        messages = {each: _messages(each) for each in ended if each.status == "shipped"}
        wanted = [id_ for ids in messages.values() for id_ in ids]
        published = {row["id"] for row in await self._pool.fetch(_PUBLISHED, wanted)}
        return [each for each, ids in messages.items() if published.issuperset(ids)]

    async def _undone(self, ended: Sequence[Ended]) -> list[Ended]:
        """The cancelled ones for which nothing is left to do."""
        cancelled = [each for each in ended if each.status == "cancelled" and each.kept <= 0]
        undoing = await asyncio.gather(*map(self._is_undoing, cancelled))
        return [each for each, still in zip(cancelled, undoing, strict=True) if not still]

    async def _is_undoing(self, each: Ended) -> bool:
        """Whether its saga still runs: a void or a release leaves no trace in the stream."""
        if each.cancelled_by == CancelledBy.VALIDATION:
            return False
        try:
            description = await self._client.get_workflow_handle(workflow_id(FULFILL_ORDER, each.order_id)).describe()
        except RPCError:
            return True
        return description.status is WorkflowExecutionStatus.RUNNING


def _messages(each: Ended) -> list[UUID]:
    return [message_id(each.order_id, topic, each.version) for topic in TOPICS]


async def settled(
    course: Course,
    all_placed: asyncio.Event,
    on_settled: Callable[[Sequence[Ended]], None],
    patience: float,
) -> bool:
    """Poll until `all_placed` is set and nothing is pending: True. on_settled is told after every poll.

    patience: seconds without anything settled, all placed, after which the wait is given up: False.
    """
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        complete = all_placed.is_set()
        found = await course.poll()
        on_settled(found)
        if complete and course.tally.open == 0:
            return True
        if found or not complete:
            last = loop.time()
        if loop.time() - last > patience:
            return False
        await asyncio.sleep(_POLL)
