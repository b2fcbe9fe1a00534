"""Builds a projection anew beside the live one, and puts it in its place once it has caught up."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from eventstore.checkpoints import advance, lock_checkpoint, open_checkpoint
from eventstore.codec import Codec
from eventstore.connection import transaction
from eventstore.store import EventStore
from projections.projection import Projection
from projections.runner import Projector

_PAGE: Final = 2_000
_STRETCH: Final = (
    20_000  # positions that the database folds at once: what it holds in memory, and how lively progress is
)
_SWAP_ATTEMPTS: Final = 60
# Held for as long as the rebuild takes by a transaction that does nothing else, and so ends with the process.
_ONLY_ONE = "select pg_try_advisory_xact_lock(hashtextextended('projections.rebuild:' || $1, 0))"
# Reads the server's few locks; then by the primary key.
_RUNNING = """
select w.name, coalesce(s.position, 0) from unnest($1::text[]) as w (name)
  left join eventstore.subscriptions s on s.name = w.name || ':rebuild'
 where hashtextextended('projections.rebuild:' || w.name, 0) in (
    select (classid::bigint << 32) | objid::bigint from pg_locks
     where locktype = 'advisory' and objsubid = 1 and granted
       and database = (select oid from pg_database where datname = current_database()))"""
# The tables are the owner's: these three functions do with the owner's rights what a rebuild needs, and nothing else.
_BEGIN = "select projections.begin_rebuild($1)"
_INDEX = "select projections.index_rebuild($1)"
_SWAP_IN = "select projections.swap_in($1)"
_INDEX_LIMIT: Final = 3_600.0  # seconds
_DROP_CHECKPOINT = "delete from eventstore.subscriptions where name = $1"
_DROP_PARKED = "delete from projections.parked where projection = $1"
_MOVE_PARKED = "update projections.parked set projection = $2 where projection = $1"
_log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]


class RebuildRunning(Exception):
    """This projection is being rebuilt by another. Wait for that one, or end it and start again."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"projection {projection!r} is being rebuilt already")
        self.projection = projection


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The position the new table is at."""

    position: int


async def rebuild(
    pool: asyncpg.Pool, store: EventStore, codec: Codec[Any], projection: Projection[Any], on_progress: Progress
) -> Rebuilt:
    """Fold the whole log into a new table, then swap it in; the live projector and all readers go on meanwhile.

    on_progress: told the position reached and the log's head, after each page. Takes three connections of the pool.
    Begins at the start whatever an earlier, ended rebuild left. Rights that others were granted on the table go with
    the old one, unless they are default privileges. Raises RebuildRunning; LockNotAvailableError where a reader kept
    the table for a minute.
    """
    async with _only_one(pool, projection):
        built = await _begin(pool, store, codec, projection)
        await _load(built, store, on_progress)
        await _index(pool, projection)
        for attempt in range(1, _SWAP_ATTEMPTS + 1):
            await _build(built, store, on_progress)
            try:
                return await _swap(pool, built)
            except asyncpg.LockNotAvailableError:
                if attempt == _SWAP_ATTEMPTS:
                    raise
                _log.info("swap waits for readers of the old table", projection=projection.name, attempt=attempt)
    raise AssertionError("the last attempt returns or raises")


async def running_rebuilds(pool: asyncpg.Pool, names: Sequence[str]) -> dict[str, int]:
    """Those of the projections that are being rebuilt by anybody, and the position that each has reached."""
    return {name: int(position) for name, position in await pool.fetch(_RUNNING, names)}


@asynccontextmanager
async def _only_one(pool: asyncpg.Pool, projection: Projection[Any]) -> AsyncIterator[None]:
    async with transaction(pool) as connection:
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        if not await connection.fetchval(_ONLY_ONE, projection.name):
            raise RebuildRunning(projection.name)
        yield


async def _begin(
    pool: asyncpg.Pool, store: EventStore, codec: Codec[Any], projection: Projection[Any]
) -> Projector[Any]:
    name, table = f"{projection.name}:rebuild", f"{projection.table}_rebuild"
    async with transaction(pool) as connection:
        await connection.execute(_BEGIN, projection.table)
        await connection.execute(_DROP_PARKED, name)
        await connection.execute(_DROP_CHECKPOINT, name)
        await open_checkpoint(connection, name)
        await open_checkpoint(connection, projection.name)
    return Projector(pool, store, codec, projection, name=name, table=table, page=_PAGE)


async def _load(built: Projector[Any], store: EventStore, on_progress: Progress) -> None:
    """What is settled by now. A stretch that the database cannot fold is folded as all that comes later."""
    head, position = await store.head(), await built.position()
    while position < head:
        until = min(head, position + _STRETCH)
        if not await built.leap(until):
            while await built.position() < until:
                await built.step()
                on_progress(await built.position(), max(await built.position(), head))
        position = await built.position()
        on_progress(position, max(position, head))


async def _index(pool: asyncpg.Pool, projection: Projection[Any]) -> None:
    """Cheaper made at once than kept up to date row by row."""
    await pool.execute(_INDEX, projection.table, timeout=_INDEX_LIMIT)


async def _build(built: Projector[Any], store: EventStore, on_progress: Progress) -> None:
    more = True
    while more:
        more = await built.step()
        position = await built.position()
        on_progress(position, max(position, await store.head()))


async def _swap(pool: asyncpg.Pool, built: Projector[Any]) -> Rebuilt:
    """The live projector waits at its checkpoint's row, folds nothing twice and leaves nothing out afterwards."""
    name = built.projection.name
    async with transaction(pool) as connection:
        # Readers queue behind the exclusive lock that a swap waits for: better to let them pass and try again.
        await connection.execute("set local lock_timeout = '1s'")
        live = await lock_checkpoint(connection, name)
        position = await built.catch_up(connection, live)
        await connection.execute(_SWAP_IN, built.projection.table)
        await advance(connection, name, live, position)
        await connection.execute(_DROP_CHECKPOINT, built.name)
        await connection.execute(_DROP_PARKED, name)
        await connection.execute(_MOVE_PARKED, built.name, name)
    return Rebuilt(position)
