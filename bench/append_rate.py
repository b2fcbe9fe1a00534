"""Rate of one-event appends: the same loop for every side that has an asynchronous driver."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeAlias

import asyncpg

from bench.side import Figures, Ground, Measure, milliseconds

STREAMS: Final = 2_000
WARM_UP: Final = 20  # appends of each writer before those that count
Append: TypeAlias = Callable[[int], Awaitable[object]]


async def rate(count: int, writers: Sequence[Append]) -> Figures:
    """events_per_s, p50_ms and p99_ms of `count` appends, one in flight for each writer.

    A writer gets the append's number, counted from 0 across all writers: `number % STREAMS` is its stream, so that no
    two appends in flight are to one stream.
    """
    numbers, durations = itertools.count(), list[float]()

    async def some(write: Append, share: int) -> None:
        for _ in range(share):
            began = time.perf_counter()
            await write(next(numbers))
            durations.append(time.perf_counter() - began)

    await asyncio.gather(*(some(write, WARM_UP) for write in writers))
    durations.clear()
    began = time.perf_counter()
    await asyncio.gather(*(some(write, count // len(writers)) for write in writers))
    seconds = time.perf_counter() - began
    return {"events_per_s": len(durations) / seconds} | milliseconds(durations)


def measures_of(append: Callable[[Ground, int, int], Awaitable[Figures]]) -> tuple[Measure, Measure]:
    """A side's two measures, one at a time and 32 at once, of as many appends as every other side's.

    append: called with the ground, the number of appends, and the number in flight.
    """

    async def one(ground: Ground) -> Figures:
        return await append(ground, ground.scaled(5_000), 1)

    async def many(ground: Ground) -> Figures:
        return await append(ground, ground.scaled(10_000, least=640), 32)

    return one, many


@asynccontextmanager
async def connections(database_url: str, count: int, **settings: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections as the owner, one for each writer, so that no writer waits for a pool. settings: of the session."""
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = await asyncpg.connect(database_url, server_settings=settings)
            stack.push_async_callback(connection.close)
            opened.append(connection)
        yield opened
