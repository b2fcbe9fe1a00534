"""Rebuilding beside the live projection: the same rows, the same schema, without an effect on readers."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from embedded.postgres import Postgres
from eventstore.checkpoints import lags
from eventstore.errors import CheckpointMoved
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from projections import PROJECTIONS
from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.projection import Projection
from projections.queries import Queries
from projections.rebuild import RebuildRunning, rebuild
from tests.integration.projections_harness import (
    DEADLINE,
    REFUNDED,
    SHIPPED,
    drain,
    fold_of_the_log,
    happens,
    history,
    owner,
    projector,
    rows_of,
    running,
)
from tests.unit.projection_samples import CODEC

each_projection = pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)


@pytest.fixture
def wakeup(pool: asyncpg.Pool) -> Wakeup:
    return Wakeup(pool)


@pytest.fixture
def store(pool: asyncpg.Pool, wakeup: Wakeup) -> EventStore:
    return EventStore(pool, wakeup)


def ignored(done: int, head: int) -> None:
    """Ignore the progress."""


@each_projection
async def test_a_rebuild_comes_to_the_live_projections_rows_checkpoint_and_schema(
    pool: asyncpg.Pool,
    store: EventStore,
    projection: Projection[Any],
    postgres_server: Postgres,
    database_url: str,
) -> None:
    last = await happens(store, *history("o-1", *SHIPPED), *history("o-2", *REFUNDED), *history("o-3", customer="bob"))
    await drain(projector(pool, store, projection))
    live, schema = await rows_of(pool, projection), await _schema(postgres_server, database_url)
    reported: list[tuple[int, int]] = []

    [rebuilt] = await rebuild(pool, store, CODEC, [projection], lambda done, head: reported.append((done, head)))

    assert rebuilt.position == last
    assert reported[-1] == (last, last)
    assert await rows_of(pool, projection) == live
    assert await _schema(postgres_server, database_url) == schema
    assert [(lag.name, lag.position) for lag in await lags(pool)] == [(projection.name, last)]


async def _schema(server: Postgres, database_url: str) -> str:
    """Dump of all definitions, without the random token of newer pg_dump versions."""
    command = [str(server.bin / "pg_dump"), "--schema-only", "--schema=projections", database_url]
    dump = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    return "\n".join(line for line in dump.stdout.splitlines() if not line.startswith("\\"))


@each_projection
async def test_a_rebuild_of_wrong_rows_mends_them_and_the_live_projector_goes_on_from_there(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any]
) -> None:
    live = projector(pool, store, projection)
    await happens(store, *history("o-1", *SHIPPED), *history("o-2", *REFUNDED))
    await drain(live)
    await pool.execute(f"delete from projections.{projection.table}")
    await rebuild(pool, store, CODEC, [projection], ignored)
    assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
    await happens(store, *history("o-3", *SHIPPED, customer="bob"))
    await drain(live)
    assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)


async def test_totals_are_those_of_the_rows_live_and_after_a_rebuild_of_wrong_ones(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    live = [projector(pool, store, projection) for projection in PROJECTIONS]
    for number, steps in enumerate(((), ("confirm",), SHIPPED, SHIPPED, REFUNDED, ("cancel",))):
        await happens(store, *history(f"o-{number}", *steps, customer=f"c-{number % 2}"))
        for each in live:
            await drain(each)
        await _totals_hold(pool)
    await pool.execute("update projections.order_counts set orders = 7; delete from projections.revenue")
    for projection in PROJECTIONS:
        await rebuild(pool, store, CODEC, [projection], ignored)
    await _totals_hold(pool)
    await happens(store, *history("o-6", *SHIPPED))
    for each in live:
        await drain(each)
    await _totals_hold(pool)
    assert await Queries(pool).counts_by_status() == {
        "cancelled": 2, "confirmed": 1, "placed": 1, "shipped": 3
    }  # fmt: skip


async def _totals_hold(pool: asyncpg.Pool) -> None:
    queries = Queries(pool)
    statuses = await pool.fetch("select status, count(*) from projections.order_dashboard group by status")
    assert await queries.counts_by_status() == {each["status"]: each["count"] for each in statuses}
    spent = await pool.fetch("select currency, sum(total_spend) from projections.customer_orders group by currency")
    assert await queries.revenue() == {currency: int(amount) for currency, amount in spent}


async def test_a_projection_that_never_ran_or_lags_behind_is_brought_to_the_head(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, *history("o-1", *SHIPPED))
    await rebuild(pool, store, CODEC, [CUSTOMER_ORDERS], ignored)
    stale = projector(pool, store, CUSTOMER_ORDERS)
    await stale.position()
    last = await happens(store, *history("o-2", *SHIPPED))
    await rebuild(pool, store, CODEC, [CUSTOMER_ORDERS], ignored)
    assert await Queries(pool).position("customer-orders") == last
    with pytest.raises(CheckpointMoved):
        await stale.step()
    assert await stale.step() is False
    assert await rows_of(pool, CUSTOMER_ORDERS) == await fold_of_the_log(store, CUSTOMER_ORDERS)


async def test_an_empty_log_can_be_rebuilt(pool: asyncpg.Pool, store: EventStore) -> None:
    [rebuilt] = await rebuild(pool, store, CODEC, [ORDER_DASHBOARD], ignored)
    assert rebuilt.position == 0


@each_projection
async def test_orders_go_on_and_no_read_fails_while_a_projection_is_rebuilt_again_and_again(
    pool: asyncpg.Pool, store: EventStore, wakeup: Wakeup, database_url: str, projection: Projection[Any]
) -> None:
    await happens(store, *history("known", *SHIPPED))
    queries, done = Queries(pool), asyncio.Event()
    reads = appended = 0

    async def shop() -> int:
        nonlocal appended
        position = 0
        while not done.is_set():
            appended += 1
            position = await happens(store, *history(f"o-{appended}", *SHIPPED, customer=f"c-{appended % 5}"))
        return position

    async def read() -> None:
        nonlocal reads
        while not done.is_set():
            reads += 1
            assert await queries.order("known") is not None
            assert (await queries.customer("ada"))[0].shipped_count >= 1
            assert (await queries.list_orders(limit=5)).rows
            assert await queries.counts_by_status()

    live = [projector(pool, store, each, page=10) for each in PROJECTIONS]
    async with running(wakeup, database_url, live), asyncio.timeout(60), asyncio.TaskGroup() as group:
        for each in PROJECTIONS:
            await queries.wait_until(each.name, 4, DEADLINE)
        shopping = group.create_task(shop())
        reading = [group.create_task(read()) for _ in range(3)]
        for _ in range(5):
            await rebuild(pool, store, CODEC, [projection], ignored)
        done.set()
        await asyncio.wait([shopping, *reading])
        await queries.wait_until(projection.name, shopping.result(), DEADLINE)
    assert reads > 10
    assert appended > 10
    assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)


async def test_an_interrupted_rebuild_leaves_the_live_one_alone_and_can_simply_be_started_again(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, *history("o-1", *SHIPPED))
    await drain(projector(pool, store, ORDER_DASHBOARD))
    live = await rows_of(pool, ORDER_DASHBOARD)

    def interrupt(done: int, head: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild(pool, store, CODEC, [ORDER_DASHBOARD], interrupt)
    assert await pool.fetchval("select count(*) from projections.order_dashboard_rebuild") == 1
    assert await rows_of(pool, ORDER_DASHBOARD) == live

    await happens(store, *history("o-2", *REFUNDED))
    await rebuild(pool, store, CODEC, [ORDER_DASHBOARD], ignored)
    assert await rows_of(pool, ORDER_DASHBOARD) == await fold_of_the_log(store, ORDER_DASHBOARD)


async def test_a_second_rebuild_of_the_same_projection_is_refused_and_one_of_another_is_not(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await happens(store, *history("o-1", *SHIPPED))
    async with reader_of("order_dashboard", database_url) as leave:
        first, reported = _rebuild_in_background(pool, store, ORDER_DASHBOARD)
        await asyncio.wait_for(reported.wait(), DEADLINE)
        with pytest.raises(RebuildRunning) as refused:
            await rebuild(pool, store, CODEC, [ORDER_DASHBOARD], ignored)
        assert refused.value.projection == "order-dashboard"
        await rebuild(pool, store, CODEC, [CUSTOMER_ORDERS], ignored)
        assert not first.done()
        await leave()
        await asyncio.wait_for(first, DEADLINE)
    await rebuild(pool, store, CODEC, [ORDER_DASHBOARD], ignored)


async def test_a_reader_that_stays_holds_up_the_swap_and_not_the_live_projector(
    pool: asyncpg.Pool, store: EventStore, wakeup: Wakeup, database_url: str
) -> None:
    await happens(store, *history("o-1", *SHIPPED))
    live = projector(pool, store, ORDER_DASHBOARD)
    async with (
        running(wakeup, database_url, [live]),
        reader_of("order_dashboard", database_url) as leave,
    ):
        swapping, reported = _rebuild_in_background(pool, store, ORDER_DASHBOARD)
        await asyncio.wait_for(reported.wait(), DEADLINE)
        position = await happens(store, *history("o-2", *SHIPPED))
        await Queries(pool).wait_until("order-dashboard", position, DEADLINE)
        assert not swapping.done()
        await leave()
        await asyncio.wait_for(swapping, DEADLINE)
    assert await rows_of(pool, ORDER_DASHBOARD) == await fold_of_the_log(store, ORDER_DASHBOARD)


def _rebuild_in_background(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any]
) -> tuple[asyncio.Task[object], asyncio.Event]:
    """Rebuild in the background, and the event that is set once it has caught up for the first time."""
    reported = asyncio.Event()
    task = asyncio.create_task(rebuild(pool, store, CODEC, [projection], lambda *_: reported.set()))
    return task, reported


@contextlib.asynccontextmanager
async def reader_of(table: str, database_url: str) -> AsyncIterator[Callable[[], Any]]:
    """Long transaction that has read a table; `given` ends it."""
    async with owner(database_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetch(f"select * from projections.{table}")
        yield transaction.rollback
