"""Search of orders: by any part that a person has of one, with any filters, in complete pages."""

from collections.abc import Callable
from typing import Any, Final
from unittest.mock import patch

import asyncpg
import pytest

from eventstore.parking import Parking
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import Event, OrderHeld, OrderPlaced
from projections.order_dashboard import ORDER_DASHBOARD
from projections.order_filter import OrderFilter, Period
from projections.order_pages import OrderCursor
from projections.queries import Queries
from projections.statements import search_recent
from tests.integration.projections_harness import REFUNDED, SHIPPED, drain, happens, history, projector
from tests.unit.orders.samples import address, an_order, line

MUELLER: Final = {
    "orderId": "shop-2026-0042",
    "customerId": "K-77",
    "items": [line(sku="TEA-GREEN/100")],
    "shippingAddress": address(
        name="Zoë Müller-Lüdenscheidt",
        line1="Große Straße 5a",
        line2="c/o O’Brien",
        city="Køge",
        postalCode="4600",
        country="DK",
        phone="+45 1234 5678",
    ),
}


@pytest.fixture
async def queries(pool: asyncpg.Pool) -> Queries:
    store = EventStore(pool, Wakeup(pool))
    await happens(
        store, *history("o-1", *SHIPPED), *history("o-2", *REFUNDED, customer="bob"), *history("o-3", "confirm")
    )
    await happens(store, *history("o-4"), _held("o-4"), OrderPlaced.of(an_order(**MUELLER)))
    large = an_order(orderId="o-6", currency="USD", items=[line(unitPrice=50_000)], total=100_300)
    await happens(store, OrderPlaced.of(large))
    await drain(projector(pool, store, ORDER_DASHBOARD))
    return Queries(pool)


def _held(order_id: str) -> Event:
    return OrderHeld(order_id=order_id, customer_id="ada", reason="fraud?", currency="EUR")


async def found(queries: Queries, limit: int = 50, **filters: Any) -> list[str]:
    """Ids of all the orders that a filter finds, page by page."""
    ids, after, more = list[str](), None, True
    while more:
        page = await queries.list_orders(OrderFilter(**filters), after=after, limit=limit)
        ids += [row.order_id for row in page.rows]
        after, more = page.after, page.after is not None
    return ids


@pytest.mark.parametrize(
    "text",
    [
        "shop-2026-0042",
        "SHOP-2026",
        "0042",
        "42",
        "k-77",
        "zoe muller",
        "MÜLLER",
        "mueller",
        "lüden",
        "grosse strasse",
        "5A",
        "obrien",
        "koge 4600",
        "tea-green/100",
        "green",
        "1234",
    ],
)
async def test_an_order_is_found_by_any_part_of_it(queries: Queries, text: str) -> None:
    assert await found(queries, text=text) == ["shop-2026-0042"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [("pay-o-1", ["o-1"]), ("t-o-1", ["o-1"]), ("o-", []), ("mill road", ["o-6", "o-4", "o-3", "o-2", "o-1"])],
)
async def test_orders_are_found_by_payment_and_tracking_number(queries: Queries, text: str, ids: list[str]) -> None:
    assert await found(queries, text=text) == ids


@pytest.mark.parametrize(
    "text", ["üller", "zoe smith", "shop-2027", "fraud", "paym", "status", "cou", "hold", "wait", "tot"]
)
async def test_other_text_finds_nothing(queries: Queries, text: str) -> None:
    assert await found(queries, text=text) == []


FILTERS: Final[list[tuple[dict[str, Any], list[str]]]] = [
    ({"statuses": ("shipped", "cancelled")}, ["o-2", "o-1"]),
    ({"on_hold": True}, ["o-4"]),
    ({"on_hold": False, "statuses": ("placed",)}, ["o-6", "shop-2026-0042"]),
    ({"waiting": True, "customer_id": "ada"}, ["o-4"]),
    ({"waiting": True, "customer_id": "bob"}, []),
    ({"payment": "refunded"}, ["o-2"]),
    ({"country": "denmark"}, ["shop-2026-0042"]),
    ({"country": "DE"}, []),
    ({"currency": "USD"}, ["o-6"]),
    ({"currency": "USD", "min_total": 100_300}, ["o-6"]),
    ({"currency": "USD", "min_total": 100_301}, []),
    ({"currency": "USD", "max_total": 100_299}, []),
    ({"currency": "EUR", "max_total": 1299}, []),
    ({"currency": "EUR", "min_total": 1300, "max_total": 1300, "text": "ada"}, ["o-4", "o-3", "o-2", "o-1"]),
    ({"customer_id": "ada", "text": "tea", "payment": "paid"}, ["o-1"]),
    ({"period": Period(), "country": "GB", "statuses": ("placed", "confirmed")}, ["o-6", "o-4", "o-3"]),
    ({"period": Period(), "customer_id": "ada", "payment": "none"}, ["o-6", "o-4", "o-3"]),
]


@pytest.mark.parametrize("recent", [10_000, 1])
@pytest.mark.parametrize("limit", [1, 50])
async def test_every_filter_finds_its_orders_in_complete_pages(queries: Queries, limit: int, recent: int) -> None:
    """recent: 1 has every page searched by the index."""
    with patch("projections.order_pages.search_recent", _within(recent)):
        for filters, ids in FILTERS:
            listed = await found(queries, limit, **filters)
            if "period" in filters:
                assert sorted(listed) == sorted(ids), filters
            else:
                assert listed == ids, filters


def _within(recent: int) -> Callable[[tuple[str, ...], bool], str]:
    return lambda filters, of_period: search_recent(filters, of_period).replace("limit 10000", f"limit {recent}")


async def test_a_page_goes_on_where_the_one_before_ended_while_orders_come_in(
    queries: Queries, pool: asyncpg.Pool
) -> None:
    store = EventStore(pool, Wakeup(pool))
    first = await queries.list_orders(OrderFilter(text="mill"), limit=2)
    await happens(store, *history("o-7"))
    await drain(projector(pool, store, ORDER_DASHBOARD))
    second = await queries.list_orders(OrderFilter(text="mill"), after=first.after, limit=9)
    assert [row.order_id for row in (*first.rows, *second.rows)] == ["o-6", "o-4", "o-3", "o-2", "o-1"]
    assert (second.after, isinstance(first.after, OrderCursor)) == (None, True)


async def test_an_order_with_the_most_lines_is_found_by_its_last_sku(pool: asyncpg.Pool) -> None:
    store = EventStore(pool, Wakeup(pool))
    lines = [line(sku=f"{number:04}-" + "𐐨" * 20, quantity=1, unitPrice=1) for number in range(2_000)]
    await happens(store, OrderPlaced.of(an_order(orderId="o-1", items=lines, total=2_300)))
    await drain(projector(pool, store, ORDER_DASHBOARD))
    assert await Parking(pool, "order-dashboard").all() == []
    assert await found(Queries(pool), text="1999") == ["o-1"]


async def test_a_program_without_the_latest_columns_writes_orders_as_during_an_upgrade(pool: asyncpg.Pool) -> None:
    """Columns of the first release; those since have a default or may be null."""
    await pool.execute(
        "insert into projections.order_dashboard (order_id, customer_id, status, payment_state, currency, total, units, "
        "amount_paid, amount_refunded, placed_at, updated_at, placed_position, position) "
        "values ('o-1', 'ada', 'placed', 'none', 'EUR', 1300, 2, 0, 0, now(), now(), 1, 1)"
    )
    assert await found(Queries(pool), statuses=("placed", "paid")) == ["o-1"]
    assert await found(Queries(pool), text="ada") == []
