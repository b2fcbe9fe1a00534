"""Append and read. One round trip and one commit for an append; every read pages by key."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram

from eventstore.errors import POSITION_PASSED, EventIdReused, InvalidEvent, SequenceBehindLog, WrongExpectedVersion
from eventstore.group_commit import GroupCommit
from eventstore.model import AppendResult, NewEvent, Page, RecordedEvent, StreamInfo
from eventstore.one_in_flight import OneInFlight
from eventstore.tracing import span, with_trace
from eventstore.validation import check_expected, check_name, check_page, serialise
from eventstore.wakeup import Wakeup

_Arguments: TypeAlias = tuple[str, int, Sequence[UUID], Sequence[str], Sequence[int], Sequence[str], Sequence[str]]
_APPEND = "select * from eventstore.append($1, $2, $3, $4, $5, $6, $7)"

# Null where no Python program can hold it, so that it is that one event's fault.
RECORDED_AT = """
case when e.recorded_at >= '0001-01-02 00:00+00' and e.recorded_at < '9999-12-31 00:00+00' then e.recorded_at end"""
_COLUMNS = f"""
e.position, s.name, e.version, e.id, e.type, e.schema_version, e.data::text, e.metadata::text, {RECORDED_AT}"""

# By events_stream_version_key, either way.
_READ_STREAM = f"""
select {_COLUMNS} from eventstore.streams s join eventstore.events e using (stream_id)
 where s.name = $1 and e.version >= $2 order by e.version limit $3"""
_READ_STREAM_BACKWARDS = f"""
select {_COLUMNS} from eventstore.streams s join eventstore.events e using (stream_id)
 where s.name = $1 and e.version <= $2 order by e.version desc limit $3"""

# By the primary key, in a statement after settled(): its snapshot must be newer than the wait.
_READ_ALL = "select * from eventstore.read_all($1, $2, $3, $4, $5, $6, $7)"
# By the primary key.
_READ_AT = (
    f"select {_COLUMNS} from eventstore.events e join eventstore.streams s using (stream_id) where e.position = $1"
)

# By events_id_key.
_KNOWN = "select e.id from eventstore.events e where e.id = any ($1::uuid[])"

# The last event by events_stream_version_key.
_STREAM_INFO = """
select s.name, s.version, s.created_at, e.recorded_at from eventstore.streams s
  join eventstore.events e on e.stream_id = s.stream_id and e.version = s.version
 where s.name = $1"""

_SETTLED = "select eventstore.settled()"
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
        self._group_commit = GroupCommit(pool)
        self._head = OneInFlight(lambda: pool.fetchval(_SETTLED))

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> AppendResult:
        """Append events to one stream, all or none.

        expected: NO_STREAM, STREAM_EXISTS, ANY, or the exact version (>= 1) the decision was taken on.
        The same ids again answer with the first result, whatever `expected` says: outcome unknown, append again.
        Raises WrongExpectedVersion, EventIdReused, InvalidEvent, SequenceBehindLog.
        """
        name = f"append {events[0].type}" if events else "append"
        with span(name, SpanKind.CLIENT, stream=str(stream), events=len(events)):
            arguments = _arguments(stream, with_trace(events), expected)
            with _SECONDS.time():
                result = await self._append(stream, events, arguments)
            if not result.duplicate:
                self.wakeup.appended()
            return result

    async def _append(self, stream: str, events: Sequence[NewEvent], arguments: _Arguments) -> AppendResult:
        if len(events) > 1:
            return await self._group_commit.alone(stream, lambda: self._append_alone(stream, events, arguments))
        [*place, ids, types, schema_versions, data, metadata] = arguments
        row = (*place, ids[0], types[0], schema_versions[0], data[0], metadata[0])
        return await self._group_commit.append(row, lambda: self._append_alone(stream, events, arguments))

    async def _append_alone(self, stream: str, events: Sequence[NewEvent], arguments: _Arguments) -> AppendResult:
        try:
            row = await self._fetch(stream, arguments)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "events_id_key":
                raise
            # An id that is elsewhere, or a twin of this append that won while we waited: the ids tell which.
            row = await self._append_again(stream, events, arguments)
        assert row is not None  # a function with OUT parameters always answers with one row
        match row["status"]:
            case "wrong_version":
                _CONFLICTS.inc()
                raise WrongExpectedVersion(stream, arguments[1], row["version"])
            case "id_reused":
                raise EventIdReused(stream, _ids(events))
        return AppendResult(row["version"], row["first_position"], row["last_position"], row["status"] == "duplicate")

    async def _append_again(
        self, stream: str, events: Sequence[NewEvent], arguments: _Arguments
    ) -> asyncpg.Record | None:
        try:
            return await self._fetch(stream, arguments)
        except asyncpg.UniqueViolationError as error:
            raise EventIdReused(stream, _ids(events)) from error

    async def _fetch(self, stream: str, arguments: _Arguments) -> asyncpg.Record | None:
        try:
            return await self.pool.fetchrow(_APPEND, *arguments)
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
            rows = await self.pool.fetch(_READ_STREAM_BACKWARDS, stream, start, limit)
        else:
            rows = await self.pool.fetch(_READ_STREAM, stream, from_version or 1, limit)
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

        One call in flight, however many ask: while a writer hangs, they wait on one connection together.
        connection: that of the caller's transaction, which should not wait for a second one while it holds locks.
        """
        return int(await (connection.fetchval(_SETTLED) if connection else self._head.ask()))

    async def read_all(
        self,
        *,
        after: int = 0,
        limit: int = _PAGE,
        types: Sequence[str] | None = None,
        category: str | None = None,
        known: Sequence[str] | None = None,
    ) -> Page:
        """At most `limit` settled events of the whole log after a position, in order; fewer where they are large.

        The page's position is where to go on: past events of other types too, so that a filter costs its log only once.
        known: events of `types` in any stream, and those of `category` whose type is none of these, to be parked.
        Raises ValueError for a limit below 1.
        """
        check_page(limit)
        head = await self.head()
        events: list[RecordedEvent] = []
        position, room = after, _PAGE_BYTES
        while position < head and len(events) < limit and room > 0:
            until, wanted = min(head, position + max(limit, _WINDOW)), limit - len(events)
            rows = await self.pool.fetch(_READ_ALL, position, until, types, category, known, wanted, room)
            events += [_recorded(row) for row in rows]
            room -= sum(len(row["data"]) + len(row["metadata"]) for row in rows)
            position = events[-1].position if len(rows) == wanted or room <= 0 else until
        return Page(events, position, position < head)

    async def read_at(self, position: int) -> RecordedEvent | None:
        """The event at a position of the log; None where there is none."""
        row = await self.pool.fetchrow(_READ_AT, position)
        return _recorded(row) if row else None

    async def known(self, ids: Collection[UUID]) -> set[UUID]:
        """The ids among these under which the log has an event."""
        return {UUID(int=row["id"].int) for row in await self.pool.fetch(_KNOWN, ids)}

    async def stream_info(self, stream: str) -> StreamInfo | None:
        """A stream's version, age and last event's time; None where there is no such stream."""
        check_name("stream", stream)
        row = await self.pool.fetchrow(_STREAM_INFO, stream)
        return StreamInfo(*row) if row else None


def _arguments(stream: str, events: Sequence[NewEvent], expected: int) -> _Arguments:
    check_name("stream", stream)
    check_expected(expected)
    if not events:
        raise InvalidEvent("events", "is empty: nothing to append")
    bodies = [serialise(event, f"events[{index}]") for index, event in enumerate(events)]
    ids = _ids(events)
    if len(set(ids)) != len(ids):
        raise InvalidEvent("events", "has an id twice")
    return (
        stream,
        expected,
        ids,
        [event.type for event in events],
        [event.schema_version for event in events],
        [data for data, _ in bodies],
        [metadata for _, metadata in bodies],
    )


def _ids(events: Sequence[NewEvent]) -> tuple[UUID, ...]:
    return tuple(event.id for event in events)


def _recorded(row: asyncpg.Record) -> RecordedEvent:
    return RecordedEvent(*row)
