"""The reader of the log for webhooks: deliveries are written with its checkpoint, workflows are signalled after."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog
from temporalio.service import RPCError

from eventstore.checkpoints import advance, lock_checkpoint, open_checkpoint
from eventstore.connection import transaction
from eventstore.failing_alone import ROUNDS, FailingAlone
from eventstore.model import Page
from eventstore.store import EventStore
from webhooks import outbox
from webhooks.deliveries import Deliveries
from webhooks.endpoints import READER
from webhooks.outbox import Replay, Waiting
from webhooks.starter import DeliveryStarter, NeverStartable
from webhooks.tidying import prune, wake_forgotten

_PAGE: Final = 200
_SIGNALS_AT_ONCE: Final = 8  # a few: orders have priority at Temporal
_IDLE: Final = 1.0  # seconds between two polls while there is no endpoint
_TIDY: Final = 600.0  # seconds
_REPLAY_ROOM: Final = 1_000  # a replay waits while so many of its endpoint's deliveries are pending
_log = structlog.get_logger(__name__)


class Relay:
    """Turns events into deliveries, each once, and signals their workflows, at least once.

    Unsignalled deliveries stay marked in the database, so that a crash or an outage of Temporal loses nothing. Without
    endpoints the relay polls once a second and only moves its checkpoint.
    """

    name = READER

    def __init__(self, store: EventStore, starter: DeliveryStarter) -> None:
        self._store, self._pool, self._starter = store, store.pool, starter
        self._deliveries = Deliveries(store.pool)
        self._position: int | None = None
        self._alone = FailingAlone[tuple[str, str]](RPCError)
        self._idle_until = self._tidy_at = 0.0

    async def step(self) -> bool:
        """Process a page of events, signal workflows, process a page of a replay; True when there may be more."""
        if time.monotonic() < self._idle_until:
            return False
        more = await self._process_page()
        signalled = await self._signal()
        replayed = False if more or signalled else await self._replay_page()
        await self._tidy()
        return more or signalled or replayed

    async def _process_page(self) -> bool:
        position = self._position if self._position is not None else await open_checkpoint(self._pool, READER)
        self._position = None  # until the page is processed: after an error the database has the position
        listening = await outbox.any_listeners(self._pool)
        page = await self._store.read_all(after=position, limit=_PAGE) if listening else None
        if page is None:
            self._idle_until = time.monotonic() + _IDLE
            self._position = await self._pass_over(position, await self._store.head())
            return False
        if page.position > position:
            await self._write(position, page)
        self._position = page.position
        return page.more

    async def _write(self, position: int, page: Page) -> None:
        async with transaction(self._pool) as connection:
            # The checkpoint first: its row is the lock under which an endpoint is added. An endpoint added before is
            # seen here, one added after starts behind this page.
            await advance(connection, READER, position, page.position)
            await outbox.add(connection, page.events, await outbox.listeners(connection))

    async def _pass_over(self, position: int, head: int) -> int:
        """Move the checkpoint without reading the events, unless an endpoint was added; return the new position."""
        if head <= position:
            return position
        async with transaction(self._pool) as connection:
            await lock_checkpoint(connection, READER)  # the lock under which endpoints are added and enabled
            if await outbox.any_listeners(connection):
                return position
            await advance(connection, READER, position, head)
        return head

    async def _signal(self) -> bool:
        waiting = await outbox.waiting(self._pool, _PAGE)
        if not waiting:
            return False
        at_once = asyncio.Semaphore(_SIGNALS_AT_ONCE)
        outcomes = await asyncio.gather(*(self._start(each, at_once) for each in waiting), return_exceptions=True)
        done = [each for each, outcome in zip(waiting, outcomes, strict=True) if outcome is None]
        await outbox.signalled(self._pool, done)
        failed: dict[tuple[str, str], tuple[Waiting, RPCError]] = {}
        for each, outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, RPCError):
                failed[each.endpoint_id, each.order_id] = each, outcome
            elif outcome is not None:  # the database is unavailable: the rest waits
                raise outcome
        await self._park_failing(failed)
        return sum(len(each.positions) for each in waiting) == _PAGE

    async def _park_failing(self, failed: dict[tuple[str, str], tuple[Waiting, RPCError]]) -> None:
        """Park each delivery that alone failed for several rounds. Raises the error of any other failure."""
        for key in await self._alone.note(failed):
            each, error = failed.pop(key)
            reason = f"its workflow could not be started {ROUNDS} times, while others were: {error.status.name}"
            await self._park(each.endpoint_id, each.positions, reason)
        for _, error in failed.values():
            raise error
        self._alone.proof = None

    async def _start(self, waiting: Waiting, at_once: asyncio.Semaphore) -> None:
        if waiting.signalled_before:
            return
        async with at_once:
            try:
                await self._starter.start(waiting.endpoint_id, waiting.order_id)
            except NeverStartable as error:
                await self._park(waiting.endpoint_id, waiting.positions, str(error))
            else:
                self._alone.proof = partial(self._starter.start, waiting.endpoint_id, waiting.order_id)

    async def _park(self, endpoint_id: str, positions: Sequence[int], reason: str) -> None:
        _log.error("webhooks parked, no workflow can be started", endpoint=endpoint_id, reason=reason)
        for position in positions:
            await self._deliveries.park(endpoint_id, position, reason)

    async def _replay_page(self) -> bool:
        for replay in await outbox.replays(self._pool):
            if not await outbox.has_pending(self._pool, replay.id, _REPLAY_ROOM):
                await self._replay(replay)
                return True
        return False

    async def _replay(self, replay: Replay) -> None:
        page = await self._store.read_all(after=replay.after, until=replay.until, limit=_PAGE)
        async with transaction(self._pool) as connection:
            await outbox.replayed(connection, replay, page.position)
            await outbox.add_again(connection, page.events, replay)

    async def _tidy(self) -> None:
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + (0.0 if await prune(self._pool) else _TIDY)
        await wake_forgotten(self._pool)
