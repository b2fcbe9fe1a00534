"""One act on many orders: a few orders at a time, with an outcome for each, until it is stopped."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import asyncpg
import structlog
from temporalio.service import RPCError

from application.documents import Document, Status
from application.outages import AWAY
from eventstore.command_handler import Handled
from eventstore.errors import EventStoreError
from orders.errors import OrderError
from orders.state import State
from temporal import TemporalUnreachable

AT_ONCE: Final = 4
"""Orders in progress at once: fewer than a process has connections, so that other requests find one."""

Result = Literal["done", "unchanged", "refused", "failed"]
Act = Callable[[str], Awaitable[Handled[State]]]
# After one of these, the next order would fail in the same way.
_OUTAGES: Final = (asyncpg.PostgresError, *AWAY, TemporalUnreachable, RPCError)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome for one order. refused: nothing was changed; failed: the order may have been changed or not."""

    order_id: str
    result: Result
    handled: Handled[State] | None = None
    error: Exception | None = None

    def document(self, code: str | None = None, reason: str | None = None) -> "BulkResult":
        """Return the outcome as a document. code, reason: of its error."""
        given: dict[str, Any] = {"order_id": self.order_id, "result": self.result, "code": code, "reason": reason}
        state: dict[str, Any] = (
            {"status": self.handled.state.status, "version": self.handled.version} if self.handled else {}
        )
        return BulkResult(**given, **state)


class BulkResult(Document):
    """Result for an order. status, version: of the order, where it is done or unchanged. code, reason: of a refusal or failure;
    after a failure the order may have been changed or not."""

    order_id: str
    result: Result
    status: Status | None = None
    version: int | None = None
    code: str | None = None
    reason: str | None = None


class BulkSummary(Document):
    """Orders by result. left: not begun, or without a result yet."""

    orders: int
    done: int
    unchanged: int
    refused: int
    failed: int
    left: int


class BulkAction:
    """Acts on each order once. An order that cannot be acted on does not stop its neighbours; an outage ends the action.

    failure: the outage.
    """

    def __init__(self, order_ids: Sequence[str], act: Act) -> None:
        self._ids = list(dict.fromkeys(order_ids))
        self._act = act
        self._begun, self._stopped = 0, False
        self._in_progress: set[asyncio.Task[Outcome]] = set()
        self._results: Counter[Result] = Counter()
        self.failure: Exception | None = None

    @property
    def total(self) -> int:
        return len(self._ids)

    @property
    def reported(self) -> int:
        """Number of orders with an outcome."""
        return self._results.total()

    def summary(self) -> BulkSummary:
        """Count the orders by result."""
        counts: dict[str, int] = {result: self._results[result] for result in get_args(Result)}
        return BulkSummary(orders=self.total, left=self.total - self.reported, **counts)

    def stop(self) -> None:
        """Begin no further order. Orders in progress are completed."""
        self._stopped = True

    async def outcomes(self, idle: float | None = None) -> AsyncGenerator[Outcome | None, None]:
        """Yield each outcome, None after `idle` seconds without one. Orders are begun as outcomes are taken: at most AT_ONCE
        have been acted on without being reported. May be called again where an earlier call was cancelled."""
        while self._begin():
            done, _ = await asyncio.wait(self._in_progress, timeout=idle, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self._in_progress.discard(task)
                outcome = task.result()
                self._results[outcome.result] += 1
                yield outcome
            if not done:
                yield None

    async def finish(self) -> None:
        """Stop, and wait for the orders in progress."""
        self.stop()
        if self._in_progress:
            await asyncio.wait(self._in_progress)

    def _begin(self) -> bool:
        """Begin further orders; False where none is in progress any more."""
        while not self._stopped and len(self._in_progress) < AT_ONCE and self._begun < self.total:
            self._in_progress.add(asyncio.create_task(self._outcome(self._ids[self._begun])))
            self._begun += 1
        return bool(self._in_progress)

    async def _outcome(self, order_id: str) -> Outcome:
        try:
            handled = await self._act(order_id)
        except (OrderError, EventStoreError) as error:
            return Outcome(order_id, "refused", error=error)
        except _OUTAGES as error:
            self.failure = self.failure or error
            self.stop()
            return Outcome(order_id, "failed", error=error)
        except Exception as error:  # a bug
            _log.exception("bulk action failed for an order", order_id=order_id)
            return Outcome(order_id, "failed", error=error)
        return Outcome(order_id, "done" if handled.changed else "unchanged", handled)
