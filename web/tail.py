"""What is new in the log, read once for all who listen."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from eventstore.looper import Looper
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from orders.ids import ORDER_STREAMS

MAX_WAITING: Final = 1_000  # events that a listener has not taken yet
_PAGE: Final = 500
_AGAIN: Final = 1.0  # seconds, where the database is away
_log = structlog.get_logger(__name__)


class Subscription:
    """Events for one listener, from a position on. Ends for good where the listener is too slow, or all is stopped."""

    def __init__(self, start: int, stream: str | None) -> None:
        self.start, self._stream = start, stream
        self._waiting: list[RecordedEvent] = []
        self._ended = False
        self._changed = asyncio.Event()

    def offer(self, events: Sequence[RecordedEvent]) -> None:
        """Keep what the listener wants, up to a bound: rather than more memory, it gets to come again."""
        wanted = [event for event in events if self._stream in (None, event.stream)]
        if self._ended or not wanted:
            return
        room = MAX_WAITING - len(self._waiting)
        self._waiting += wanted[:room]
        self._ended = len(wanted) > room
        self._changed.set()

    def end(self) -> None:
        """What is there can still be taken; nothing more comes."""
        self._ended = True
        self._changed.set()

    async def batches(self, idle: float) -> AsyncGenerator[list[RecordedEvent], None]:
        """Some events at a time; none where nothing came for `idle` seconds."""
        while True:
            try:
                async with asyncio.timeout(idle):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            taken, self._waiting = self._waiting, []
            if taken or not self._ended:
                yield taken
            if self._ended and not self._waiting:
                return


class Tail:
    """Follows the log up to where `until` says, while there is anybody to listen; otherwise it asks nothing."""

    def __init__(
        self, store: EventStore, until: Callable[[], Awaitable[int]], *, poll: float, stopped: Callable[[], bool]
    ) -> None:
        self._store, self._until, self._poll, self._stopped = store, until, poll, stopped
        self._subscriptions: set[Subscription] = set()
        self._position: int | None = None
        self._starting = asyncio.Lock()
        self._wanted = asyncio.Event()

    async def position(self) -> int:
        """Where whoever begins to listen now begins."""
        async with self._starting:
            if self._position is None:
                self._position = await self._until()
        return self._position

    @contextmanager
    def listen(self, stream: str | None = None) -> Iterator[Subscription]:
        """Of one stream, or of all. Needs `position()` to have been asked for."""
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
        """End all who listen."""
        for subscription in self._subscriptions:
            subscription.end()

    async def run(self) -> None:
        """Run for ever. After an error it continues at its position: listeners miss no event."""
        with self._store.wakeup.subscribe() as awake:
            await Looper(_log, self._step, awake=awake, longest=_AGAIN).run()

    async def _wait_for_listeners(self) -> None:
        while not self._subscriptions:
            self._position = None
            self._wanted.clear()
            await self._wanted.wait()

    async def _step(self) -> float:
        await self._wait_for_listeners()
        position, until = await self.position(), await self._until()
        while position < until:
            page = await self._store.read_all(after=position, limit=_PAGE, category=ORDER_STREAMS)
            events = [event for event in page.events if event.position <= until]
            for subscription in self._subscriptions:
                subscription.offer(events)
            # Together with the offer, without a pause: whoever begins to listen gets each event once.
            position = self._position = min(page.position, until)
        return self._poll
