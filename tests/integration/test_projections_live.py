"""The live projector: rows and checkpoint in one transaction, each event once, poison parked."""

import asyncio
from typing import Any

import asyncpg
import pytest

from eventstore.errors import CheckpointMoved
from eventstore.parking import Parking, parked_counts
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import OrderPlaced
from projections import PROJECTIONS
from projections.columns import columns
from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.projection import Projection
from projections.queries import Queries
from tests.integration.projections_harness import (
    DEADLINE,
    REFUNDED,
    SHIPPED,
    drain,
    fold_of_the_log,
    foreign,
    happens,
    history,
    owner,
    projector,
    rows_of,
    running,
)

BREAK = """
create function public.break() returns trigger language plpgsql as $$ begin raise exception 'disk on fire'; end $$;
create trigger broken before insert on projections.customer_orders for each row execute function public.break()"""
MEND = "drop trigger broken on projections.customer_orders"
each_projection = pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)


@pytest.fixture
def wakeup(pool: asyncpg.Pool) -> Wakeup:
    return Wakeup(pool)


@pytest.fixture
def store(pool: asyncpg.Pool, wakeup: Wakeup) -> EventStore:
    return EventStore(pool, wakeup)


@each_projection
async def test_the_migrations_table_has_the_columns_that_the_row_names(
    pool: asyncpg.Pool, projection: Projection[Any]
) -> None:
    made = await pool.fetch(
        "select attname, format_type(atttypid, null) from pg_attribute"
        f" where attrelid = 'projections.{projection.table}'::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = ''"
    )
    spelled = {"timestamptz": "timestamp with time zone"}
    assert dict(map(tuple, made)) == {
        name: spelled.get(sql_type, sql_type) for name, sql_type in columns(projection.row).items()
    }


@each_projection
async def test_the_database_has_the_projections_table_among_those_to_rebuild(
    database_url: str, projection: Projection[Any]
) -> None:
    async with owner(database_url) as connection:
        body = "select prosrc from pg_proc where oid = 'projections.rebuilt(text)'::regprocedure"
        tables = await connection.fetchval(body)
    assert f"'{projection.table}'" in tables, (
        "its migration has to replace projections.rebuilt, and to sort after all others"
    )


@each_projection
async def test_rows_that_were_written_over_many_pages_are_the_fold_of_the_log(
    pool: asyncpg.Pool, store: EventStore, projection: Projection[Any]
) -> None:
    for number in range(5):
        await happens(store, *history(f"s-{number}", *SHIPPED), *history(f"r-{number}", *REFUNDED, customer="bob"))
    await drain(projector(pool, store, projection, page=7))
    rows = await rows_of(pool, projection)
    assert rows or OrderPlaced not in projection.events
    assert rows == await fold_of_the_log(store, projection)


async def test_a_page_of_fifty_orders_is_one_load_and_one_upsert(database_url: str, store: EventStore) -> None:
    await asyncio.gather(*(happens(store, *history(f"o-{number}")) for number in range(50)))
    statements: list[str] = []

    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda query: statements.append(query.query))

    async with asyncpg.create_pool(database_url, min_size=1, max_size=1, init=listen) as one:
        await projector(one, EventStore(one, Wakeup(one)), ORDER_DASHBOARD).step()
    touching = [statement.split()[0] for statement in statements if "projections.order_dashboard" in statement]
    assert touching == ["select", "insert"]


async def test_events_of_other_kinds_move_the_checkpoint_and_nothing_else(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    position = await foreign(store, "io.example.published", "notifications.shipment")
    consumer = projector(pool, store, ORDER_DASHBOARD)
    assert await consumer.step() is False
    assert await Queries(pool).position("order-dashboard") == position
    assert await rows_of(pool, ORDER_DASHBOARD) == []
    assert await parked_counts(pool) == {}


async def test_an_idle_log_writes_nothing(pool: asyncpg.Pool, store: EventStore) -> None:
    await happens(store, *history("o-1"))
    consumer = projector(pool, store, ORDER_DASHBOARD)
    await drain(consumer)
    before = await pool.fetchval("select xmin::text from eventstore.subscriptions")
    assert await consumer.step() is False
    assert await pool.fetchval("select xmin::text from eventstore.subscriptions") == before


async def test_rows_that_cannot_be_written_leave_the_checkpoint_where_it_was(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    consumer = projector(pool, store, CUSTOMER_ORDERS)
    await happens(store, *history("o-1"))
    await drain(consumer)
    rows, position = await rows_of(pool, CUSTOMER_ORDERS), await consumer.position()

    await happens(store, *history("o-2", *SHIPPED), *history("o-3", customer="bob"))
    async with owner(database_url) as connection:
        await connection.execute(BREAK)
        with pytest.raises(asyncpg.RaiseError):
            await consumer.step()
        assert await rows_of(pool, CUSTOMER_ORDERS) == rows
        assert await Queries(pool).position("customer-orders") == position
        await connection.execute(MEND)

    await drain(consumer)
    assert await rows_of(pool, CUSTOMER_ORDERS) == await fold_of_the_log(store, CUSTOMER_ORDERS)


async def test_a_runner_that_another_has_overtaken_writes_nothing_and_then_goes_on(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    slow, fast = projector(pool, store, CUSTOMER_ORDERS), projector(pool, store, CUSTOMER_ORDERS)
    await slow.position()
    await happens(store, *history("o-1", *SHIPPED))
    await fast.step()
    with pytest.raises(CheckpointMoved):
        await slow.step()
    assert await rows_of(pool, CUSTOMER_ORDERS) == await fold_of_the_log(store, CUSTOMER_ORDERS)
    await happens(store, *history("o-2"))
    await slow.step()
    assert await rows_of(pool, CUSTOMER_ORDERS) == await fold_of_the_log(store, CUSTOMER_ORDERS)


async def test_runners_that_race_fold_each_event_once(pool: asyncpg.Pool, store: EventStore) -> None:
    for number in range(20):
        await happens(store, *history(f"o-{number}", *SHIPPED))
    beaten = 0

    async def race() -> None:
        nonlocal beaten
        runner = projector(pool, store, CUSTOMER_ORDERS, page=3)
        more = True
        while more:
            try:
                more = await runner.step()
            except CheckpointMoved:
                beaten += 1

    await asyncio.gather(*(race() for _ in range(3)))
    assert beaten > 0
    [row] = await rows_of(pool, CUSTOMER_ORDERS)
    assert (row.order_count, row.shipped_count, row.total_spend) == (20, 20, 20 * 1300)


async def test_poison_is_parked_with_its_reason_while_its_neighbours_go_on(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, *history("o-1", "confirm"))
    broken = await foreign(store, "order.placed", orderId="odd")
    newer = await foreign(store, "order.paid", schema_version=9, orderId="odd", customerId="ada")
    orphan = await happens(store, history("never-placed", "confirm")[-1])
    last = await happens(store, *history("o-2", *SHIPPED))
    await drain(projector(pool, store, ORDER_DASHBOARD))

    queries = Queries(pool)
    assert await queries.position("order-dashboard") == last
    assert await queries.counts_by_status() == {"confirmed": 1, "shipped": 1}
    parked = await Parking(pool, "order-dashboard").all()
    assert [(event.position, event.stream, event.event_type, event.reason.split(":")[0]) for event in parked] == [
        (broken, "order-odd", "order.placed", "UndecodableEvent"),
        (newer, "order-odd", "order.paid", "UnknownSchemaVersion"),
        (orphan, "order-never-placed", "order.confirmed", "OrderMissing"),
    ]
    assert await parked_counts(pool) == {"order-dashboard": 3}


async def test_an_event_whose_row_the_database_refuses_is_parked_while_its_neighbours_go_on(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    async with owner(database_url) as connection:
        await connection.execute("alter table projections.order_dashboard add constraint odd check (order_id <> 'odd')")
    await happens(store, *history("o-1"))
    refused = await happens(store, *history("odd"))
    await happens(store, *history("o-2"))
    last = await foreign(store, "io.example.published", "analytics.revenue")
    await drain(projector(pool, store, ORDER_DASHBOARD))
    [parked] = await Parking(pool, "order-dashboard").all()
    assert (parked.position, parked.reason.split(":")[0]) == (refused, "CheckViolationError")
    assert [row.order_id for row in await rows_of(pool, ORDER_DASHBOARD)] == ["o-1", "o-2"]
    assert await Queries(pool).position("order-dashboard") == last


async def test_what_was_just_written_can_be_waited_for(
    pool: asyncpg.Pool, store: EventStore, wakeup: Wakeup, database_url: str
) -> None:
    queries = Queries(pool)
    async with running(wakeup, database_url, [projector(pool, store, ORDER_DASHBOARD)]):
        for number in range(10):
            position = await happens(store, *history(f"o-{number}"))
            await queries.wait_until("order-dashboard", position, DEADLINE)
            assert await queries.order(f"o-{number}") is not None


async def test_waiting_for_a_projection_that_stands_still_ends_with_a_timeout(pool: asyncpg.Pool) -> None:
    with pytest.raises(TimeoutError):
        await Queries(pool).wait_until("order-dashboard", 1, 0.02)


async def test_two_runners_at_once_share_one_name_and_one_works(
    pool: asyncpg.Pool, store: EventStore, wakeup: Wakeup, database_url: str
) -> None:
    duplicates = [projector(pool, store, CUSTOMER_ORDERS) for _ in range(2)]
    async with running(wakeup, database_url, duplicates) as runners:
        position = await happens(store, *history("o-1", *SHIPPED), *history("o-2", *REFUNDED))
        await Queries(pool).wait_until("customer-orders", position, DEADLINE)
        assert [runner.owner for runner in runners].count(True) == 1
    assert await rows_of(pool, CUSTOMER_ORDERS) == await fold_of_the_log(store, CUSTOMER_ORDERS)
