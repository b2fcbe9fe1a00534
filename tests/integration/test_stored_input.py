"""Stored orders that today's rules of entry refuse: read models and pages show them as they were placed."""

from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import pytest

from cli.output import moment
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams import load_order
from order_streams.handling import order_handler
from orders.events import OrderPlaced
from orders.model import Address, OrderLine
from orders.state import Placed
from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.order_filter import OrderFilter, Period
from projections.projection import Projection
from projections.queries import Queries
from tests.integration.projections_harness import drain, fold_of_the_log, happens, projector, rows_of
from tests.unit.orders.samples import an_order
from tests.unit.projection_samples import CODEC

TIMES: Final = {
    "first": datetime(1, 1, 1, tzinfo=UTC),
    "early": datetime(1, 1, 2, tzinfo=UTC),
    "late": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "last": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}


def placed(order_id: str, **changes: Any) -> OrderPlaced:
    return OrderPlaced.of(an_order().model_copy(update={"order_id": order_id, **changes}))


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


async def test_times_that_postgresql_has_as_infinities_are_read_as_they_were_written(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, *(placed(name, placed_at=at) for name, at in TIMES.items()))
    projections: tuple[Projection[Any], ...] = (ORDER_DASHBOARD, CUSTOMER_ORDERS)
    for projection in projections:
        consumer = projector(pool, store, projection)
        await drain(consumer)
        assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
    queries = Queries(pool)
    listed = (await queries.list_orders()).rows
    assert {row.order_id: row.placed_at for row in listed} == TIMES
    assert all(row.placed_at.tzinfo and moment(row.placed_at) for row in listed)
    [customer] = await queries.customer("ada")
    assert (customer.first_order_at, customer.last_order_at) == (TIMES["first"], TIMES["last"])
    assert customer.first_order_at.tzinfo
    assert customer.last_order_at.tzinfo


async def test_pages_of_a_period_reach_orders_of_the_first_and_the_last_year(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, *(placed(name, placed_at=at) for name, at in TIMES.items()))
    await drain(projector(pool, store, ORDER_DASHBOARD))
    found, after = [], None
    while True:
        page = await Queries(pool).list_orders(OrderFilter(period=Period(before=TIMES["last"])), limit=1, after=after)
        found += [row.order_id for row in page.rows]
        if (after := page.after) is None:
            break
    assert found == ["late", "early", "first"]
    since = await Queries(pool).list_orders(OrderFilter(period=Period(since=TIMES["first"])))
    assert [row.order_id for row in since.rows] == ["last", "late", "early", "first"]


@pytest.mark.parametrize("order_id", [".", "..", "\u3164"])
async def test_an_order_with_an_id_or_a_text_that_is_refused_today_is_read(store: EventStore, order_id: str) -> None:
    order = an_order()
    address = Address.model_validate(order.shipping_address.model_dump() | {"name": "\u200b"})
    line = OrderLine.model_validate(order.items[0].model_dump() | {"sku": "\u3164", "name": "\u2800"})
    event = placed(order_id, shipping_address=address, items=(line,))
    await happens(store, event)
    loaded = await load_order(order_handler(store, CODEC), order_id)
    assert loaded.state == Placed(event.order)
