"""Rebuilds projections beside the live ones, and replaces each live table once its rebuilt one has caught up."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from eventstore.checkpoints import advance, lock_checkpoint, open_checkpoint
from eventstore.codec import Codec
from eventstore.connection import pooled, transaction
from eventstore.parking import Parking
from eventstore.store import EventStore
from projections.decoded_log import DecodedLog, DecodedPage
from projections.projection import Projection
from projections.runner import Projector
from projections.statements import (
    BEGIN,
    DROP_CHECKPOINT,
    INDEX,
    ONLY_ONE,
    RUNNING,
    SWAP_IN,
)

_PAGE: Final = 2_000
_OBJECTS: Final = 500_000  # more than the pages in memory have
_SWAP_ATTEMPTS: Final = 60
_INDEX_LIMIT: Final = 3_600.0  # seconds
_log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]


class RebuildRunning(Exception):
    """Another rebuild of this projection is in progress. Wait for it, or end it and start again."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"projection {projection!r} is being rebuilt already")
        self.projection = projection


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A rebuilt projection, and the position of its new table."""

    projection: str
    position: int


async def rebuild(
    pool: asyncpg.Pool,
    store: EventStore,
    codec: Codec[Any],
    projections: Sequence[Projection[Any]],
    on_progress: Progress,
) -> list[Rebuilt]:
    """Fold the whole log into new tables, then swap them in; live projectors and readers go on meanwhile.

    The log is read and decoded once for all of them; each has a transaction for each page. on_progress: called after each page
    with the position reached and the log's head. Takes two connections of the pool and one for each projection. Begins at the
    start: tables of an interrupted rebuild are dropped. Privileges granted to other roles on a table are lost with the old one,
    unless they are default privileges. Raises RebuildRunning; LockNotAvailableError if a reader kept a table for a minute.
    """
    async with _only_one(pool, projections):
        built = [await _begin(pool, store, codec, projection) for projection in projections]
        await _load(pool, DecodedLog(store, codec, projections), built, store, on_progress)
        for each in built:
            await pool.execute(INDEX, each.projection.table, timeout=_INDEX_LIMIT)  # cheaper at once than row by row
        return [await _swap_when_free(pool, store, each, on_progress) for each in built]


async def running_rebuilds(pool: asyncpg.Pool, names: Sequence[str]) -> dict[str, int]:
    """Rebuilds of these projections in progress in any process, with the position that each has reached."""
    return {name: int(position) for name, position in await pool.fetch(RUNNING, names)}


@asynccontextmanager
async def _only_one(pool: asyncpg.Pool, projections: Sequence[Projection[Any]]) -> AsyncIterator[None]:
    # Held by a transaction that does nothing else, and so released with the process.
    async with transaction(pool) as connection:
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        for projection in projections:
            if not await connection.fetchval(ONLY_ONE, projection.name):
                raise RebuildRunning(projection.name)
        yield


async def _begin(
    pool: asyncpg.Pool, store: EventStore, codec: Codec[Any], projection: Projection[Any]
) -> Projector[Any]:
    name, table = f"{projection.name}:rebuild", f"{projection.table}_rebuild"
    async with transaction(pool) as connection:
        await connection.execute(BEGIN, projection.table)
        await Parking(connection, name).clear()
        await connection.execute(DROP_CHECKPOINT, name)
        await open_checkpoint(connection, name)
        await open_checkpoint(connection, projection.name)
    return Projector(pool, store, codec, projection, name=name, table=table, page=_PAGE)


async def _load(
    pool: asyncpg.Pool,
    log: DecodedLog,
    built: Sequence[Projector[Any]],
    store: EventStore,
    on_progress: Progress,
) -> None:
    """Fold the log as far as it is settled by now."""
    position, head = 0, await store.head()
    with _seldom_collected():
        async with aclosing(log.pages(position, _PAGE)) as pages:
            async for page in pages:
                if page.position > position:
                    await _together([_fold_page(pool, each, position, page) for each in built])
                position = page.position
                on_progress(position, max(position, head))


@contextmanager
def _seldom_collected() -> Iterator[None]:
    # The objects of a page end without the collector of cycles, which would look through them several times meanwhile.
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _OBJECTS) if before[0] else 0)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _fold_page(pool: asyncpg.Pool, built: Projector[Any], position: int, page: DecodedPage) -> None:
    async with pooled(pool) as connection:
        await built.fold_page(connection, position, page)


async def _together(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run the calls at once; where one fails, the others are ended before its error is raised."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _swap_when_free(
    pool: asyncpg.Pool, store: EventStore, built: Projector[Any], on_progress: Progress
) -> Rebuilt:
    for attempt in range(1, _SWAP_ATTEMPTS + 1):
        more = True
        while more:
            more = await built.step()
            position = await built.position()
            on_progress(position, max(position, await store.head()))
        try:
            return await _swap(pool, built)
        except asyncpg.LockNotAvailableError:
            if attempt == _SWAP_ATTEMPTS:
                raise
            _log.info("swap waits for readers of the old table", projection=built.projection.name, attempt=attempt)
    raise AssertionError("the last attempt returns or raises")


async def _swap(pool: asyncpg.Pool, built: Projector[Any]) -> Rebuilt:
    """The live projector waits for its checkpoint's row: it folds no event twice and omits none afterwards."""
    name = built.projection.name
    async with transaction(pool) as connection:
        # Readers queue behind the exclusive lock that a swap waits for: better to let them pass and retry.
        await connection.execute("set local lock_timeout = '1s'")
        live = await lock_checkpoint(connection, name)
        position = await built.catch_up(connection, live)
        await connection.execute(SWAP_IN, built.projection.table)
        await advance(connection, name, live, position)
        await connection.execute(DROP_CHECKPOINT, built.name)
        await Parking(connection, name).take_over(built.name)
    return Rebuilt(name, position)
