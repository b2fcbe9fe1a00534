"""Connections kept for single statements: few, never in the way of transactions, replaced when lost, released at the end."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import asyncpg
import pytest

from eventstore import statement_pool
from eventstore.pool import open_pool
from tests.integration.event_store_harness import connected, eventually

SIZE = 8
BACKEND = "select pg_backend_pid()"


@pytest.fixture
async def kept(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database_url, size=SIZE) as pool:
        yield pool


async def test_statements_one_after_another_use_one_connection_and_every_method_gives_the_drivers_result(
    kept: asyncpg.Pool,
) -> None:
    backends = {await kept.fetchval(BACKEND) for _ in range(5)}
    assert len(backends) == 1
    assert [tuple(row) for row in await kept.fetch("select 1, $1::text", "a")] == [(1, "a")]
    assert await kept.fetchrow("select 1 where false") is None
    assert await kept.fetchval("select 1, 2", column=1) == 2
    assert await kept.execute("select 1") == "SELECT 1"
    assert await kept.fetchval("select current_user") == "orders_app"


async def test_at_most_a_quarter_is_kept_and_is_counted_as_idle(kept: asyncpg.Pool) -> None:
    await asyncio.gather(*(kept.fetchval("select pg_sleep(0.05)") for _ in range(SIZE)))
    rest = [await asyncio.wait_for(kept.acquire(), 20) for _ in range(SIZE - SIZE // 4)]
    assert kept.get_idle_size() == SIZE // 4
    for connection in rest:
        await kept.release(connection)
    assert kept.get_idle_size() == kept.get_size()


@pytest.mark.parametrize("size", [1, 3])
async def test_a_small_pool_keeps_none(database_url: str, size: int) -> None:
    async with open_pool(database_url, size=size) as pool:
        await pool.fetchval("select 1")
        for connection in [await asyncio.wait_for(pool.acquire(), 20) for _ in range(size)]:
            await pool.release(connection)


async def test_a_kept_connection_that_the_server_ends_is_replaced(kept: asyncpg.Pool, database_url: str) -> None:
    first = await kept.fetchval(BACKEND)
    async with connected(database_url) as owner:
        await owner.execute("select pg_terminate_backend($1::int)", first)
        gone = "select not exists (select from pg_stat_activity where pid = $1::int)"
        await eventually("the server has ended the connection", lambda: owner.fetchval(gone, first))
    await asyncio.sleep(0)  # the driver reads the end of the connection
    second = await kept.fetchval(BACKEND)
    assert second != first
    assert await kept.fetchval(BACKEND) == second


async def test_a_connection_unused_for_long_is_replaced(kept: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await kept.fetchval(BACKEND)
    later = monotonic() + statement_pool._STALE
    monkeypatch.setattr("eventstore.statement_pool.monotonic", lambda: later)
    assert await kept.fetchval(BACKEND) != first


async def test_a_cancelled_or_failed_statement_leaves_a_pool_that_works(kept: asyncpg.Pool) -> None:
    for _ in range(SIZE * 2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(kept.fetchval("select pg_sleep(30)"), 0.02)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await kept.fetchval("select 1 / 0")
    assert await asyncio.wait_for(kept.fetchval("select 1"), 20) == 1
    assert kept.get_idle_size() == kept.get_size()


async def test_closing_waits_for_a_statement_in_progress_and_releases_the_kept(database_url: str) -> None:
    sleeps = "select exists (select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep')"
    async with open_pool(database_url, size=SIZE) as pool, connected(database_url) as owner:
        backend = await pool.fetchval(BACKEND)
        slow = asyncio.create_task(pool.fetchval("select 5 from pg_sleep(0.3)"))
        await eventually("the statement is in progress", lambda: owner.fetchval(sleeps, backend))
        await pool.fetchval("select 1")
        await asyncio.wait_for(pool.close(), 20)
        assert await slow == 5
    assert pool.get_size() == 0
