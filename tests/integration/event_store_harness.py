"""Shared parts of the event store's tests: a generic event, waiting with a deadline, a consumer that collects."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import orjson
from asyncpg.transaction import Transaction

from eventstore.checkpoints import advance, open_checkpoint
from eventstore.consumer import ConsumerRunner
from eventstore.lease import Lease
from eventstore.model import AppendResult, NewEvent, RecordedEvent
from eventstore.store import EventStore

DEADLINE = 20.0
R = TypeVar("R", bound=ConsumerRunner)

_COLLECTED = """
create table public.collected (consumer text, position bigint, primary key (consumer, position));
grant select, insert on public.collected to orders_app"""
_COLLECT = "insert into public.collected (consumer, position) select $1, unnest($2::bigint[])"
_LEASE_HOLDERS = """
select pid from pg_locks where locktype = 'advisory' and granted
   and database = (select oid from pg_database where datname = current_database())
   and (classid::bigint << 32 | objid::bigint) = $1"""


def an_event(event_type: str = "counter.added", id: UUID | None = None, **data: Any) -> NewEvent:
    return NewEvent(id or uuid4(), event_type, data)


def events(count: int) -> list[NewEvent]:
    return [an_event(number=number) for number in range(count)]


@dataclass(frozen=True)
class InFlight:
    transaction: Transaction
    result: AppendResult


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connection of the owner. It is cut at the end, so that an open transaction of a failed test blocks no other test."""
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def in_flight(database_url: str, stream: str, batch: list[NewEvent]) -> AsyncIterator[InFlight]:
    """An append that is executed and not committed, for the length of the block or until the block ends it."""
    async with connected(database_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        row = await as_appended(connection, stream, batch)
        yield InFlight(transaction, AppendResult(row["version"], row["first_position"], row["last_position"], False))


async def as_appended(connection: asyncpg.Connection, stream: str, batch: list[NewEvent]) -> asyncpg.Record:
    """The append of a batch on a connection of the test, inside the transaction that is open on it, as the store appends it."""
    if len(batch) == 1:
        return await _one_appended(connection, stream, batch[0])
    row = await connection.fetchrow(
        "select * from eventstore.append($1, -1, $2, $3, $4, $5, $6)",
        stream,
        [event.id for event in batch],
        [event.type for event in batch],
        [event.schema_version for event in batch],
        [orjson.dumps(event.data).decode() for event in batch],
        [orjson.dumps(event.metadata).decode() for event in batch],
    )
    assert row is not None
    return row


async def _one_appended(connection: asyncpg.Connection, stream: str, event: NewEvent) -> asyncpg.Record:
    row = await connection.fetchrow(
        """select version, position as first_position, position as last_position
             from eventstore.append_one($1, -1, $2, $3, $4, $5, $6)""",
        stream,
        event.id,
        event.type,
        event.schema_version,
        orjson.dumps(event.data).decode(),
        orjson.dumps(event.metadata).decode(),
    )
    assert row is not None
    return row


async def eventually(what: str, holds: Callable[[], bool | Awaitable[bool]], within: float = DEADLINE) -> float:
    """Wait until a condition holds; returns the seconds. Fails with its name after the deadline."""
    start = time.monotonic()
    while True:
        answer = holds()
        if answer if isinstance(answer, bool) else await answer:
            return time.monotonic() - start
        assert time.monotonic() - start < within, f"not within {within} s: {what}"
        await asyncio.sleep(0.01)


class Collector:
    """A consumer that collects events in memory, and in a table in one transaction with its checkpoint.

    The table refuses a position twice, so that a double delivery is an error and not a longer list.
    """

    def __init__(self, store: EventStore, name: str = "collector", *, limit: int = 100, failures: int = 0) -> None:
        self.store, self.name, self.limit, self.failures = store, name, limit, failures
        self.seen: list[RecordedEvent] = []
        self.attempts = 0
        self._more = asyncio.Event()

    async def step(self) -> bool:
        self.attempts += 1
        position = await open_checkpoint(self.store.pool, self.name)
        page = await self.store.read_all(after=position, limit=self.limit)
        if page.position == position:
            return False
        async with self.store.pool.acquire() as connection, connection.transaction():
            await connection.execute(_COLLECT, self.name, [event.position for event in page.events])
            if self.failures:
                self.failures -= 1
                raise RuntimeError("the projection's table is on fire")
            await advance(connection, self.name, position, page.position)
        self.seen += page.events
        self._more.set()
        return len(page.events) == self.limit

    async def until(self, count: int, within: float = DEADLINE) -> list[RecordedEvent]:
        """The collected events, once there are at least `count`."""
        async with asyncio.timeout(within):
            while len(self.seen) < count:
                self._more.clear()
                await self._more.wait()
        return self.seen


async def create_collected(database_url: str) -> None:
    """Create the collectors' table, as the database's owner."""
    async with connected(database_url) as owner:
        await owner.execute(_COLLECTED)


async def collected(pool: asyncpg.Pool, consumer: str = "collector") -> list[int]:
    rows = await pool.fetch("select position from public.collected where consumer = $1 order by position", consumer)
    return [row["position"] for row in rows]


async def lease_holders(connection: asyncpg.Connection, consumer: str) -> list[int]:
    """Server processes that hold a consumer's lease: one, or none."""
    key = Lease("", f"consumer:{consumer}").key
    return [row["pid"] for row in await connection.fetch(_LEASE_HOLDERS, key)]


@asynccontextmanager
async def stepping(runner: R) -> AsyncIterator[R]:
    """Run the runner, and cancel it at the end of the block."""
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.wait([task])
