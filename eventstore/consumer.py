"""Runs a consumer of the log: one owner in the fleet, woken or polling, one step at a time."""

import asyncio
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from eventstore.errors import DATABASE_AWAY, CheckpointMoved
from eventstore.lease import Lease
from eventstore.looper import Looper
from eventstore.wakeup import Wakeup

_POLL = 0.25
_STANDBY = 1.0
_CHECK_LEASE = 1.0
_OWNED = Gauge(
    "orders_reader_owned", "1 where this process is the one that runs the reader, 0 where it stands by", ["reader"]
)
_FAILURES = Counter("orders_reader_failures", "Steps of a reader that failed and were tried again", ["reader"])
_log = structlog.get_logger(__name__)


class Consumer(Protocol):
    """A reader of the log: a name that has one owner in the fleet, and a step that handles the next events."""

    name: str

    async def step(self) -> bool:
        """Handle one page; True when there may be more. An error leaves the checkpoint unchanged."""
        ...


def lease_name(consumer: str) -> str:
    return f"consumer:{consumer}"


class ConsumerRunner:
    """Owns and steps a consumer until cancelled.

    gather: seconds after a step in which events gather, to be handled by one more. After as long without an event, the next
    one is handled at once.
    """

    def __init__(
        self,
        consumer: Consumer,
        *,
        dsn: str,
        wakeup: Wakeup,
        poll: float = _POLL,
        gather: float = 0.0,
        lease: Lease | None = None,
    ) -> None:
        self.consumer = consumer
        self._owned, self._failed = _OWNED.labels(consumer.name), _FAILURES.labels(consumer.name)
        self._own(False)
        self._lease = lease or Lease(dsn, lease_name(consumer.name))
        self._wakeup, self._poll, self._gather = wakeup, poll, gather
        self._log = _log.bind(consumer=consumer.name)
        self._standing_by = Looper(
            self._log,
            self._stand_by,
            retried=DATABASE_AWAY,
            longest=_STANDBY,
            failure="the database does not let us own the consumer",
        )
        self._stepping: Looper | None = None

    @property
    def last_error(self) -> str | None:
        """Error of the last step, or of the last attempt to own the name; None after a success."""
        return (self._stepping or self._standing_by).last_error

    def _own(self, owner: bool) -> None:
        self.owner = owner
        self._owned.set(owner)

    async def run(self) -> None:
        """Run for ever: stand by until the name is free, then step; stand by again when the lease is lost."""
        try:
            await self._standing_by.run()
        finally:
            self._own(False)
            await self._lease.release()

    async def _stand_by(self) -> float:
        if await self._lease.acquire():
            await self._work()
            self._log.warning("consumer lost its lease")
        return _STANDBY

    async def _work(self) -> None:
        self._begin()
        try:
            with self._wakeup.subscribe() as awake:
                self._stepping = Looper(self._log, self._step, awake=awake, apart=self._gather)
                async with asyncio.TaskGroup() as group:
                    stepping = group.create_task(self._stepping.run())
                    while await self._holds(awake):  # noqa: ASYNC110 – there is no event for a lock lost in the database
                        await asyncio.sleep(_CHECK_LEASE)
                    stepping.cancel()
        finally:
            self._own(False)
            self._stepping = None
            await self._lease.release()

    def _begin(self) -> None:
        self._log.info("consumer owned")
        self._own(True)

    async def _holds(self, awake: asyncio.Event) -> bool:
        """True while this process may step; asked once a second. awake: wakes the loop that steps."""
        return await self._lease.held()

    async def _step(self) -> float:
        try:
            more = await self.consumer.step()
        except CheckpointMoved as error:
            self._log.warning("another runner was faster", error=str(error))
            more = False
        except Exception:
            self._failed.inc()
            raise
        return 0.0 if more else self._poll
