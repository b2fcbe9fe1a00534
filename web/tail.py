"""The end of the log, read once for all listeners."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Final

import structlog

from eventstore.looper import Looper
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from orders.ids import ORDER_STREAMS

MAX_WAITING: Final = 1_000  # events queued for a listener
_PAGE: Final = 500
_RETRY_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


class Subscription:
    """Queue of events for one listener, from a position on. Ends where the listener is too slow, or at a stop."""

    def __init__(self, start: int, stream: str | None) -> None:
        self.start, self._stream = start, stream
        self._waiting: list[RecordedEvent] = []
        self._ended = False
        self._changed = asyncio.Event()

    def offer(self, events: Sequence[RecordedEvent]) -> None:
        """Queue the events of the listener's stream; end the subscription at MAX_WAITING, so that the client reconnects."""
        wanted = [event for event in events if self._stream in (None, event.stream)]
        if self._ended or not wanted:
            return
        room = MAX_WAITING - len(self._waiting)
        self._waiting += wanted[:room]
        self._ended = len(wanted) > room
        self._changed.set()

    def end(self) -> None:
        """End the queue: queued events are still delivered, new ones are not."""
        self._ended = True
        self._changed.set()

    async def batches(self, idle: float) -> AsyncGenerator[list[RecordedEvent], None]:
        """Yield batches of events; an empty one after `idle` seconds without events."""
        while True:
            try:
                async with asyncio.timeout(idle):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            batch, self._waiting = self._waiting, []
            if batch or not self._ended:
                yield batch
            if self._ended and not self._waiting:
                return


class Tail:
    """Follows the log up to the position of `until` while there are subscriptions; without any it makes no queries."""

    def __init__(
        self, store: EventStore, until: Callable[[], Awaitable[int]], *, poll: float, stopped: Callable[[], bool]
    ) -> None:
        self._store, self._until, self._poll, self._stopped = store, until, poll, stopped
        self._subscriptions: set[Subscription] = set()
        self._position: int | None = None
        self._starting = asyncio.Lock()
        self._wanted = asyncio.Event()

    async def position(self) -> int:
        """Start position for a new listener."""
        async with self._starting:
            if self._position is None:
                self._position = await self._until()
        return self._position

    @contextmanager
    def listen(self, stream: str | None = None) -> Iterator[Subscription]:
        """Subscribe to one stream, or to all, while the block runs. Call `position()` first."""
        assert self._position is not None
        subscription = Subscription(self._position, stream)
        if self._stopped():
            subscription.end()
        self._subscriptions.add(subscription)
        self._wanted.set()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def end(self) -> None:
        """End every subscription."""
        for subscription in self._subscriptions:
            subscription.end()

    async def run(self) -> None:
        """Follow the log until cancelled. After an error the same step is retried, so that no event is skipped."""
        with self._store.wakeup.subscribe() as awake:
            await Looper(_log, self._step, awake=awake, longest=_RETRY_SECONDS).run()

    async def _wait_for_listeners(self) -> None:
        while not self._subscriptions:
            self._position = None
            self._wanted.clear()
            await self._wanted.wait()

    async def _step(self) -> float:
        await self._wait_for_listeners()
        position, until = await self.position(), await self._until()
        if position < until:
            pages = self._store.pages(after=position, until=until, limit=_PAGE, category=ORDER_STREAMS)
            async with aclosing(pages):
                async for page in pages:
                    for subscription in self._subscriptions:
                        subscription.offer(page.events)
                    # No await between this and the offers: a new listener gets each event once.
                    self._position = page.position
        return self._poll
