"""Append and read. One round trip and one commit for an append; every read pages by key."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from time import perf_counter
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram

from eventstore.errors import POSITION_PASSED, EventIdReused, InvalidEvent, SequenceBehindLog, WrongExpectedVersion
from eventstore.group_commit import GroupCommit, Row
from eventstore.model import AppendResult, NewEvent, Page, RecordedEvent
from eventstore.one_in_flight import OneInFlight
from eventstore.read_ahead import read_ahead
from eventstore.statements import (
    APPEND,
    KNOWN,
    READ_ALL,
    READ_AT,
    READ_STREAM,
    READ_STREAM_BACKWARDS,
    SETTLED,
)
from eventstore.tracing import span, spans_are_recorded, with_trace
from eventstore.validation import check_expected, check_name, check_page, serialise
from eventstore.wakeup import Wakeup

_PAGE = 500
# Of JSON in a page of the log: decoded, it takes about ten times as much memory.
_PAGE_BYTES = 4 * 1024 * 1024
# Positions looked through by one statement: a filter that nothing passes must not make one statement read all the log.
_WINDOW = 5_000
_LAST_VERSION = 2**63 - 1
_SECONDS = Histogram(
    "orders_append_seconds",
    "One append, from its call to the answer of its commit",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
_CONFLICTS = Counter("orders_append_conflicts", "Appends refused because another writer was faster")


class EventStore:
    """The event log. Safe to use from many tasks; the pool's connections run as `orders_app`."""

    def __init__(self, pool: asyncpg.Pool, wakeup: Wakeup) -> None:
        self.pool, self.wakeup = pool, wakeup
        self._group_commit = GroupCommit(pool, self._append_explained)
        self._head = OneInFlight(lambda: pool.fetchval(SETTLED))

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> AppendResult:
        """Append events to one stream, all or none.

        expected: NO_STREAM, STREAM_EXISTS, ANY, or the exact version (>= 1) the decision was taken on.
        The same ids again return the first result, for any `expected`: where the outcome is unknown, append again.
        Raises WrongExpectedVersion, EventIdReused, InvalidEvent, SequenceBehindLog.
        """
        if not spans_are_recorded():
            return await self._append(stream, events, expected)
        name = f"append {events[0].type}" if events else "append"
        with span(name, SpanKind.CLIENT, stream=str(stream), events=len(events)):
            return await self._append(stream, with_trace(events), expected)

    async def _append(self, stream: str, events: Sequence[NewEvent], expected: int) -> AppendResult:
        rows = _rows(stream, events, expected)
        began = perf_counter()
        try:
            if len(rows) == 1:
                result = await self._group_commit.append(rows[0])
            else:
                result = await self._group_commit.append_several(rows)
        finally:
            _SECONDS.observe(perf_counter() - began)
        if not result.duplicate:
            self.wakeup.appended()
        return result

    async def _append_explained(self, rows: Sequence[Row]) -> AppendResult:
        (stream, expected, *_), ids = rows[0], tuple(row[2] for row in rows)
        try:
            row = await self._fetch(stream, rows)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "events_id_key":
                raise
            # An id of another stream, or the same append done concurrently: a repetition shows which.
            row = await self._append_again(stream, rows, ids)
        assert row is not None  # a function with OUT parameters always answers with one row
        match row["status"]:
            case "wrong_version":
                _CONFLICTS.inc()
                raise WrongExpectedVersion(stream, expected, row["version"])
            case "id_reused":
                raise EventIdReused(stream, ids)
        return AppendResult(row["version"], row["first_position"], row["last_position"], row["status"] == "duplicate")

    async def _append_again(self, stream: str, rows: Sequence[Row], ids: tuple[UUID, ...]) -> asyncpg.Record | None:
        try:
            return await self._fetch(stream, rows)
        except asyncpg.UniqueViolationError as error:
            raise EventIdReused(stream, ids) from error

    async def _fetch(self, stream: str, rows: Sequence[Row]) -> asyncpg.Record | None:
        (_, expected, *_), (_, _, *columns) = rows[0], zip(*rows, strict=True)
        try:
            return await self.pool.fetchrow(APPEND, stream, expected, *columns)
        except asyncpg.PostgresError as error:
            if error.sqlstate == POSITION_PASSED or getattr(error, "constraint_name", None) == "events_pkey":
                raise SequenceBehindLog(stream) from error
            raise

    async def read_stream(
        self, stream: str, *, from_version: int | None = None, limit: int = _PAGE, backwards: bool = False
    ) -> list[RecordedEvent]:
        """At most `limit` events of a stream, from a version on (inclusive); an unknown stream is an empty list.

        Raises InvalidEvent for a name that no stream can have, ValueError for a limit below 1.
        """
        check_name("stream", stream)
        check_page(limit)
        if backwards:
            start = _LAST_VERSION if from_version is None else from_version
            rows = await self.pool.fetch(READ_STREAM_BACKWARDS, stream, start, limit)
        else:
            rows = await self.pool.fetch(READ_STREAM, stream, from_version or 1, limit)
        return [_recorded(row) for row in rows]

    async def stream(self, stream: str) -> AsyncIterator[RecordedEvent]:
        """All events of a stream, in order, a page at a time."""
        version = 0
        while True:
            page = await self.read_stream(stream, from_version=version + 1)
            for event in page:
                yield event
            if len(page) < _PAGE:
                return
            version = page[-1].version

    async def head(self, connection: asyncpg.Connection | None = None) -> int:
        """The position up to which the log is settled: nothing will ever appear at or below it any more.

        Concurrent calls share one: while a writer hangs, they wait on one connection together.
        connection: the caller's, where it holds locks and must not wait for a second one.
        """
        return int(await (connection.fetchval(SETTLED) if connection else self._head.ask()))

    async def read_all(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        limit: int = _PAGE,
        types: Sequence[str] | None = None,
        category: str | None = None,
        known: Sequence[str] | None = None,
    ) -> Page:
        """At most `limit` settled events of the whole log after a position, in order; fewer where they are large.

        The page's position is where to go on: past events of other types too, so that a filter costs its log only once.
        until: the last position wanted, instead of the log's head.
        known: also return events of `category` whose type is not among these, to be parked.
        Raises ValueError for a limit below 1.
        """
        check_page(limit)
        return await self._page(after, await self._end(until), limit, types, category, known)

    def pages(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        limit: int = _PAGE,
        types: Sequence[str] | None = None,
        category: str | None = None,
        known: Sequence[str] | None = None,
    ) -> AsyncGenerator[Page, None]:
        """Pages as of `read_all`, to the log's head; the next one is read while the caller works on the last one.

        Two pages are in memory at most. Close it with `aclosing` where not all pages are wanted.
        """
        check_page(limit)

        async def each(position: int) -> AsyncGenerator[Page, None]:
            end, more = 0, True
            while more:
                if position + limit >= end:  # far from the end, the log is settled up to a known one
                    end = await self._end(until)
                page = await self._page(position, end, limit, types, category, known)
                yield page
                position, more = page.position, page.more

        return read_ahead(each(after))

    async def _end(self, until: int | None) -> int:
        head = await self.head()
        return head if until is None else min(head, until)

    async def _page(
        self,
        after: int,
        end: int,
        limit: int,
        types: Sequence[str] | None,
        category: str | None,
        known: Sequence[str] | None,
    ) -> Page:
        events: list[RecordedEvent] = []
        position, room = after, _PAGE_BYTES
        while position < end and len(events) < limit and room > 0:
            until, wanted = min(end, position + max(limit, _WINDOW)), limit - len(events)
            rows = await self.pool.fetch(READ_ALL, position, until, types, category, known, wanted, room)
            events += [_recorded(row) for row in rows]
            room -= sum(len(row["data"]) + len(row["metadata"]) for row in rows)
            position = events[-1].position if len(rows) == wanted or room <= 0 else until
        return Page(events, position, position < end)

    async def read_at(self, position: int) -> RecordedEvent | None:
        """The event at a position of the log; None where there is none."""
        row = await self.pool.fetchrow(READ_AT, position)
        return _recorded(row) if row else None

    async def known(self, ids: Collection[UUID]) -> set[UUID]:
        """The ids among these under which the log has an event."""
        return {UUID(int=row["id"].int) for row in await self.pool.fetch(KNOWN, ids)}


def _rows(stream: str, events: Sequence[NewEvent], expected: int) -> list[Row]:
    check_name("stream", stream)
    check_expected(expected)
    if not events:
        raise InvalidEvent("events", "is empty: nothing to append")
    if len(events) == 1:
        return [_row(stream, expected, events[0], "events[0]")]
    rows = [_row(stream, expected, event, f"events[{index}]") for index, event in enumerate(events)]
    if len({event.id for event in events}) != len(rows):
        raise InvalidEvent("events", "has an id twice")
    return rows


def _row(stream: str, expected: int, event: NewEvent, path: str) -> Row:
    data, metadata = serialise(event, path)
    return stream, expected, event.id, event.type, event.schema_version, data, metadata


def _recorded(row: asyncpg.Record) -> RecordedEvent:
    return RecordedEvent(*row)
