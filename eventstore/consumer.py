"""Runs a consumer of the log: one owner in the fleet, woken or polling, one step at a time."""

import asyncio
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from eventstore.errors import DATABASE_AWAY, CheckpointMoved
from eventstore.lease import Lease
from eventstore.wakeup import Wakeup, woken
from eventstore.wording import wording

_POLL = 0.25
_STANDBY = 1.0
_CHECK_LEASE = 1.0
_BACKOFF_FIRST, _BACKOFF_LAST = 0.1, 5.0
_OWNED = Gauge(
    "orders_reader_owned", "1 where this process is the one that runs the reader, 0 where it stands by", ["reader"]
)
_FAILURES = Counter("orders_reader_failures", "Steps of a reader that failed and were tried again", ["reader"])
_log = structlog.get_logger(__name__)


class Consumer(Protocol):
    """What is run: a name that is owned once in the fleet, and a step that handles the next events, if any."""

    name: str

    async def step(self) -> bool:
        """Handle one page; True when there may be more. An error leaves the checkpoint where it was."""
        ...


class ConsumerRunner:
    """Owns and steps a consumer until cancelled.

    gather: seconds after a step in which events gather, to be handled by one more. After a quiet time the first event is
    handled at once.
    """

    def __init__(
        self, consumer: Consumer, *, dsn: str, wakeup: Wakeup, poll: float = _POLL, gather: float = 0.0
    ) -> None:
        self.consumer = consumer
        self._owned, self._failed = _OWNED.labels(consumer.name), _FAILURES.labels(consumer.name)
        self.owner = False
        self.last_error: str | None = None
        self._lease = Lease(dsn, f"consumer:{consumer.name}")
        self._wakeup, self._poll, self._gather = wakeup, poll, gather
        self._log = _log.bind(consumer=consumer.name)

    @property
    def owner(self) -> bool:
        """Whether this process is the one that works."""
        return self._owner

    @owner.setter
    def owner(self, owner: bool) -> None:
        self._owner = owner
        self._owned.set(owner)

    async def run(self) -> None:
        """For ever: stand by until the name is free, then step; go back to standing by when the lease is lost."""
        try:
            while True:
                if await self._acquire():
                    self._log.info("consumer owned")
                    await self._work()
                    self._log.warning("consumer lost its lease")
                await asyncio.sleep(_STANDBY)
        finally:
            self.owner = False
            await self._lease.release()

    async def _acquire(self) -> bool:
        try:
            return await self._lease.acquire()
        except DATABASE_AWAY as error:
            if self.last_error != str(error):  # once, not at every second of an outage
                self._log.warning("the database does not let us own the consumer, trying again", error=wording(error))
            self.last_error = str(error)
            return False

    async def _work(self) -> None:
        self.owner = True
        try:
            async with asyncio.TaskGroup() as group:
                stepping = group.create_task(self._step_for_ever())
                while await self._lease.held():  # noqa: ASYNC110 – there is no event for a lock lost in the database
                    await asyncio.sleep(_CHECK_LEASE)
                stepping.cancel()
        finally:
            self.owner = False
            await self._lease.release()

    async def _step_for_ever(self) -> None:
        failures = 0
        with self._wakeup.subscribe() as awake:
            while True:
                awake.clear()
                try:
                    more = await self.consumer.step()
                except CheckpointMoved as error:
                    self._log.warning("another runner was faster", error=str(error))
                    more, failures = False, 0
                except Exception as error:  # any error: nothing is skipped, the same step is tried again
                    failures += 1
                    self._failed.inc()
                    self.last_error = f"{type(error).__name__}: {error}"
                    self._log.warning("step failed, trying again", error=wording(error), failures=failures)
                    await asyncio.sleep(min(_BACKOFF_FIRST * 2 ** min(failures, 10), _BACKOFF_LAST))
                    continue
                failures, self.last_error = 0, None
                if not more:
                    await asyncio.sleep(self._gather)
                    await woken(awake, self._poll)
