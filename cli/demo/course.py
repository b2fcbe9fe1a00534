"""Orders of a demo until each has settled: shipped with its messages published, or cancelled with everything undone."""

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

from cli.demo import statements
from order_streams.messages import message_id
from orders.events import CancelledBy
from orders.names import workflow_id
from orders.topics import TOPICS
from workflows.model import FULFILL_ORDER

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
    """Progress of a run: orders placed, and settled orders by status."""

    placed: int = 0
    settled: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        return self.placed - self.settled.total()


class Course:
    """The orders of one run, polled in the read model until each has settled."""

    def __init__(self, pool: asyncpg.Pool, client: Client) -> None:
        self._pool, self._client = pool, client
        self._pending: dict[str, None] = {}
        self.tally = Tally()

    def add(self, order_id: str) -> None:
        """Add a placed order."""
        self._pending[order_id] = None
        self.tally.placed += 1

    async def poll(self) -> list[Ended]:
        """Return the orders that have settled since the last poll."""
        ended = [Ended(*row) for row in await self._pool.fetch(statements.ENDED, list(self._pending))]
        settled = [*await self._published(ended), *await self._undone(ended)]
        for each in settled:
            del self._pending[each.order_id]
            self.tally.settled[each.status] += 1
        return settled

    async def _published(self, ended: Sequence[Ended]) -> list[Ended]:
        """Return the shipped orders whose messages are all published."""
        messages = {each: _messages(each) for each in ended if each.status == "shipped"}
        wanted = [id_ for ids in messages.values() for id_ in ids]
        published = {row["id"] for row in await self._pool.fetch(statements.PUBLISHED, wanted)}
        return [each for each, ids in messages.items() if published.issuperset(ids)]

    async def _undone(self, ended: Sequence[Ended]) -> list[Ended]:
        """Return the cancelled orders for which nothing is left to do."""
        cancelled = [each for each in ended if each.status == "cancelled" and each.kept <= 0]
        undoing = await asyncio.gather(*map(self._is_undoing, cancelled))
        return [each for each, still in zip(cancelled, undoing, strict=True) if not still]

    async def _is_undoing(self, each: Ended) -> bool:
        """Return True while the order's workflow runs: a voided label or a released reservation is not in the stream."""
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
    """Poll until `all_placed` is set and nothing is pending: True. on_settled is called after every poll.

    patience: seconds without a settled order after which the wait is given up, once all are placed: False.
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
