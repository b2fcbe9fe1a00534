"""Streams of server-sent events: one order's events, or a line for each change of any order."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Final, TypeVar

from fastapi.sse import format_sse_event

from application.outages import AWAY
from application.timeline import Timeline, event_document
from eventstore.codec import Codec
from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from order_streams import Orders, load_events
from orders.events import Event
from orders.ids import ORDER_STREAMS, stream_name
from projections.order_dashboard import ORDER_DASHBOARD
from projections.queries import Queries
from web.event_stream import PING, PING_SECONDS, opened
from web.models import OrderChanged
from web.problems import RETRY_AFTER, Problem
from web.tail import Tail

T = TypeVar("T")

MAX_STREAMS: Final = 500
MAX_STREAMS_OF_A_KEY: Final = 100
_CATCH_UP: Final = 500  # events
_POLL: Final = 0.25  # seconds; a wake-up comes sooner
_PROJECTION_POLL: Final = 0.05  # seconds; nothing wakes when a projection has moved


class Streams:
    """The streams of this process, over two shared readers of the log."""

    def __init__(self, orders: Orders, store: EventStore, codec: Codec[Event], queries: Queries) -> None:
        self._orders, self._store, self._codec, self._queries = orders, store, codec, queries
        self._stopped = False
        self._open: Counter[str] = Counter()
        self._log = Tail(store, store.head, poll=_POLL, stopped=lambda: self._stopped)
        self._projected = Tail(store, self._reached, poll=_PROJECTION_POLL, stopped=lambda: self._stopped)

    async def run(self) -> None:
        """Follow the log until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._log.run())
            group.create_task(self._projected.run())

    def stop(self) -> None:
        """End every stream and refuse new ones; clients reconnect and miss nothing."""
        self._stopped = True
        self._log.end()
        self._projected.end()

    @property
    def open(self) -> int:
        return self._open.total()

    @contextmanager
    def room(self, caller: str) -> Iterator[None]:
        """Count a caller's stream while the block runs. Raises a Problem at the limit, or once stopped."""
        if self._stopped or self.open >= MAX_STREAMS:
            raise Problem(503, "too-many-streams", "too many streams at this process: try again", headers=RETRY_AFTER)
        if self._open[caller] >= MAX_STREAMS_OF_A_KEY:
            detail = f"{caller} has {MAX_STREAMS_OF_A_KEY} streams"
            raise Problem(429, "too-many-streams", detail, headers=RETRY_AFTER)
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1

    async def of_order(self, order_id: str, after: int) -> AsyncGenerator[bytes, None]:
        """Return a stream of the order's events after a version, future ones included. Raises OrderNotFound, and a Problem for
        a version beyond the order's last event, before the response begins."""
        events = await load_events(self._orders, order_id)
        if after > events[-1][0].version:
            raise _beyond("the order's last event", after, events[-1][0].version)
        return self._opened(after, self._of_order(order_id, events, after))

    async def of_all(self, after: int | None) -> AsyncGenerator[bytes, None]:
        """Return a stream of the changes of all orders after a position, or from now on, each once the projection shows it.
        Raises a Problem for a position beyond the log."""
        start = reached = await self._reached()
        if after is not None:
            start = after
        if start > reached and start > (head := await self._store.head()):
            raise _beyond("the end of the log", start, head)
        return self._opened(start, self._of_all(start))

    async def _opened(self, start: int, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Send the id of the start first: a client that is disconnected before the first event resumes there, without a gap."""
        async with aclosing(chunks):
            yield opened(start)
            async for chunk in chunks:
                yield chunk

    async def _of_order(
        self, order_id: str, events: list[tuple[RecordedEvent, Event]], after: int
    ) -> AsyncGenerator[bytes, None]:
        found, stream = Timeline(order_id, events, None), stream_name(order_id)
        for recorded, event in events:
            if recorded.version > after:
                yield _timeline_event(found, recorded, event)
        await self._with_retries(self._log.position)
        with self._log.listen(stream) as subscription:
            # Events from before the subscription, then those from it; known versions are skipped in both.
            missed = await self._with_retries(
                lambda: self._store.read_stream(stream, from_version=events[-1][0].version + 1)
            )
            for recorded in missed:
                yield _timeline_event(found, recorded, _add(self._codec, events, recorded))
            async for batch in subscription.batches(PING_SECONDS):
                for recorded in batch:
                    if recorded.version > events[-1][0].version:
                        yield _timeline_event(found, recorded, _add(self._codec, events, recorded))
                if not batch:
                    yield PING

    async def _of_all(self, position: int) -> AsyncGenerator[bytes, None]:
        # Far behind: a page at a time, each after the one before is sent. Near the end: subscribe, then read the rest.
        while not self._stopped and await self._with_retries(self._reached) - position > _CATCH_UP:
            page, position = await self._with_retries(partial(self._read, position))
            for chunk in await self._changes(page):
                yield chunk
        await self._with_retries(self._projected.position)
        with self._projected.listen() as subscription:
            while not self._stopped and position < subscription.start:
                page, position = await self._with_retries(partial(self._read, position))
                for chunk in await self._changes(page):
                    yield chunk
            async for batch in subscription.batches(PING_SECONDS):
                chunks = await self._changes([event for event in batch if event.position > position])
                for chunk in chunks or [PING]:
                    yield chunk

    async def _read(self, after: int) -> tuple[list[RecordedEvent], int]:
        until = await self._reached()
        page = await self._store.read_all(after=after, until=until, limit=_CATCH_UP, category=ORDER_STREAMS)
        return page.events, page.position

    async def _with_retries(self, read: Callable[[], Awaitable[T]]) -> T:
        """Read, with retries while the database is unavailable: the listener waits and misses nothing."""
        while True:
            try:
                return await read()
            except AWAY:
                if self._stopped:
                    raise
                await asyncio.sleep(_POLL)

    async def _reached(self) -> int:
        return await self._queries.position(ORDER_DASHBOARD.name)

    async def _changes(self, events: Sequence[RecordedEvent]) -> list[bytes]:
        """Encode a change for each event, except unreadable events and those of orders that the projection has parked."""
        if not events:
            return []
        of_events = {event.position: order_id for event in events if (order_id := _order_of(event))}
        statuses = await self._with_retries(lambda: self._queries.statuses(list(set(of_events.values()))))
        return [
            _change(event, of_events[event.position], status)
            for event in events
            if (status := statuses.get(of_events.get(event.position, "")))
        ]


def _add(codec: Codec[Event], events: list[tuple[RecordedEvent, Event]], recorded: RecordedEvent) -> Event:
    event = codec.decode(recorded)
    events.append((recorded, event))
    return event


def _timeline_event(found: Timeline, recorded: RecordedEvent, event: Event) -> bytes:
    document = event_document(found, recorded, event)
    return format_sse_event(data_str=document.model_dump_json(), event=recorded.type, id=str(recorded.version))


def _beyond(end: str, after: int, last: int) -> Problem:
    """Build the problem of a cursor from before a restore: waiting for it would skip every event up to there."""
    detail = f"{after} is beyond {end}, {last}, as after a restore: reload the data, and start without a cursor"
    return Problem(410, "cursor-beyond-log", detail)


def _order_of(event: RecordedEvent) -> str | None:
    try:
        return str(event.data.get("orderId"))
    except UndecodableEvent:
        return None


def _change(event: RecordedEvent, order_id: str, status: str) -> bytes:
    changed = {
        "orderId": order_id,
        "customerId": str(event.data.get("customerId")),
        "type": event.type,
        "status": status,
        "position": event.position,
    }
    data = OrderChanged.model_validate(changed).model_dump_json()
    return format_sse_event(data_str=data, event="order", id=str(event.position))
