"""A transaction that hangs on a stream delays that stream's appends, and no neighbour's."""

import asyncio
import statistics
import time

import asyncpg
import pytest

from eventstore.model import ANY, NO_STREAM
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import as_appended, connected, events, eventually

CALLERS, NEIGHBOURS, ROUNDS = 32, 4, 60
MOST_TIMES = 3
WAITING = """
select count(*) from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock' and query like '%eventstore.append%'"""


async def typical(store: EventStore, prefix: str) -> float:
    """The median of a neighbour's append, in seconds."""
    taken: list[float] = []

    async def append(neighbour: int) -> None:
        for number in range(ROUNDS):
            start = time.perf_counter()
            async with asyncio.timeout(60):
                await store.append(f"{prefix}{neighbour}-{number % 5}", events(1), expected=ANY)
            taken.append(time.perf_counter() - start)

    await asyncio.gather(*map(append, range(NEIGHBOURS)))
    return statistics.median(taken)


@pytest.mark.parametrize("there", [True, False], ids=["a stream that there is", "a stream that it begins"])
@pytest.mark.parametrize("size", [1, 2], ids=["one event", "several events"])
async def test_callers_of_a_held_stream_take_one_connection_and_slow_no_neighbour(
    database_url: str, there: bool, size: int
) -> None:
    async with open_pool(database_url) as pool, connected(database_url) as holder, connected(database_url) as observer:
        store = EventStore(pool, Wakeup(pool))
        if there:
            await store.append("held-1", events(1), expected=NO_STREAM)
        before = await typical(store, "before")
        await holder.execute("begin")
        await as_appended(holder, "held-1", events(1))
        held = [asyncio.create_task(store.append("held-1", events(size), expected=ANY)) for _ in range(CALLERS)]
        await eventually("a caller waits", lambda: _some_wait(observer))
        during = await typical(store, "during")
        assert await observer.fetchval(WAITING) == 1
        assert not any(each.done() for each in held)
        await holder.execute("commit")
        results = await asyncio.gather(*held)
    assert len({result.version for result in results}) == CALLERS
    assert during < MOST_TIMES * before, f"{during * 1e3:.1f} ms after {before * 1e3:.1f} ms"


async def _some_wait(observer: asyncpg.Connection) -> bool:
    return bool(await observer.fetchval(WAITING) > 0)
