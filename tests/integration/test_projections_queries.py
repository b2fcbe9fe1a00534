"""Queries: complete pages without repetition, figures, and an index for each query."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from eventstore.statements import LIST_PARKED
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import OrderConfirmed, OrderPaid, OrderPlaced, OrderTagged, OrderUntagged
from projections import PROJECTIONS, statements
from projections.columns import columns
from projections.customer_orders import CUSTOMER_ORDERS
from projections.daily_figures import DAILY_FIGURES
from projections.days import days_between
from projections.order_dashboard import ORDER_DASHBOARD
from projections.order_filter import OrderFilter, Period
from projections.projection import Projection
from projections.queries import Queries
from projections.runner import Projector
from tests.integration.projections_harness import REFUNDED, SHIPPED, drain, happens, history, owner, projector
from tests.integration.read_model_questions import BY_HAND, QUERIES, ROWS, rows_made
from tests.unit.orders.samples import an_order, line

PARKED: Final = f"""
insert into eventstore.parked (consumer, position, reason)
select 'order-dashboard', n, 'a reason' from generate_series(1, {ROWS}) n"""


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


@pytest.fixture
def dashboard(pool: asyncpg.Pool, store: EventStore) -> Projector[Any]:
    return projector(pool, store, ORDER_DASHBOARD)


@pytest.fixture
async def wide(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connection to read models with enough rows for an index."""
    async with owner(database_url) as connection:
        await connection.execute(PARKED)
        await connection.execute("vacuum analyze eventstore.parked")
        for each in PROJECTIONS:
            await connection.execute(BY_HAND.get(each) or rows_made(each, ROWS))
            await connection.execute(f"vacuum analyze projections.{each.table}")
        yield connection


async def test_orders_come_newest_first_and_each_once_while_more_come_in(
    pool: asyncpg.Pool, store: EventStore, dashboard: Projector[Any]
) -> None:
    for number in range(10):
        await happens(store, *history(f"o-{number}"))
    await drain(dashboard)
    queries, seen, after, pages = Queries(pool), list[str](), None, 0
    while pages == 0 or after is not None:
        page = await queries.list_orders(after=after, limit=3)
        seen += [row.order_id for row in page.rows]
        after, pages = page.after, pages + 1
        await happens(store, *history(f"late-{pages}"), *history(f"o-{pages}", "confirm")[1:])
        await drain(dashboard)
    assert seen == [f"o-{number}" for number in reversed(range(10))]
    assert pages == 4


async def test_a_page_that_ends_with_the_last_order_says_so(
    pool: asyncpg.Pool, store: EventStore, dashboard: Projector[Any]
) -> None:
    await happens(store, *history("o-1"), *history("o-2"))
    await drain(dashboard)
    page = await Queries(pool).list_orders(limit=2)
    assert (len(page.rows), page.after) == (2, None)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["o-4", "o-3", "o-2", "o-1"]),
        ({"statuses": ("shipped",)}, ["o-4", "o-1"]),
        ({"customer_id": "bob"}, ["o-4", "o-3"]),
        ({"statuses": ("shipped",), "customer_id": "bob"}, ["o-4"]),
        ({"statuses": ("confirmed",)}, []),
    ],
    ids=str,
)
async def test_orders_are_filtered_by_status_and_customer(
    pool: asyncpg.Pool, store: EventStore, dashboard: Projector[Any], filters: dict[str, Any], expected: list[str]
) -> None:
    await happens(store, *history("o-1", *SHIPPED), *history("o-2", *REFUNDED))
    await happens(store, *history("o-3", customer="bob"), *history("o-4", *SHIPPED, customer="bob"))
    await drain(dashboard)
    queries = Queries(pool)
    whole = await queries.list_orders(OrderFilter(**filters))
    assert [row.order_id for row in whole.rows] == expected
    assert await queries.counts_by_status() == {"cancelled": 1, "placed": 1, "shipped": 2}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"tags": ["vip"]}, ["o-3", "o-2"]),
        ({"tags": ["gift", "vip"]}, ["o-3"]),
        ({"tags": ["vi"]}, []),
        ({"metadata": {"channel": "web"}}, ["o-3", "o-1"]),
        ({"metadata": {"channel": "web", "rep": "Eve: 1"}}, ["o-3"]),
        ({"metadata": {"channel": "we"}}, []),
        ({"metadata": {"rep": ""}}, ["o-4"]),
        ({"tags": ["vip"], "metadata": {"channel": "web"}, "statuses": ("placed",), "customer_id": "ada"}, ["o-3"]),
        ({"tags": [], "metadata": {}}, ["o-4", "o-3", "o-2", "o-1"]),
    ],
    ids=str,
)
async def test_orders_are_filtered_by_all_of_their_tags_and_metadata(
    pool: asyncpg.Pool, store: EventStore, dashboard: Projector[Any], filters: dict[str, Any], expected: list[str]
) -> None:
    given = [{"channel": "web"}, {}, {"channel": "web", "rep": "Eve: 1"}, {"rep": ""}]
    for number, metadata in enumerate(given, 1):
        await happens(store, OrderPlaced.of(an_order(orderId=f"o-{number}", metadata=metadata)))
    whose = {"customer_id": "ada", "currency": "EUR"}
    await happens(store, *(OrderTagged(order_id=f"o-{n}", **whose, tag="vip") for n in (1, 2, 3)))
    await happens(store, OrderTagged(order_id="o-3", **whose, tag="gift"))
    await happens(store, OrderUntagged(order_id="o-1", **whose, tag="vip"))
    await drain(dashboard)
    queries = Queries(pool)
    assert [row.order_id for row in (await queries.list_orders(OrderFilter(**filters))).rows] == expected
    of_period = await queries.list_orders(OrderFilter(**filters, period=Period(since=datetime(2026, 1, 1, tzinfo=UTC))))
    assert [row.order_id for row in of_period.rows] == expected


async def test_an_unknown_order_or_customer_is_nothing(pool: asyncpg.Pool) -> None:
    queries = Queries(pool)
    assert await queries.order("o-1") is None
    assert await queries.customer("ada") == []
    assert await queries.counts_by_status() == {}
    assert await queries.top_customers() == []
    assert await queries.revenue() == {}


async def test_a_page_without_rows_is_refused(pool: asyncpg.Pool) -> None:
    with pytest.raises(ValueError, match="limit is 0"):
        await Queries(pool).list_orders(limit=0)


async def test_customers_are_paged_by_id_and_currency_and_ranked_within_a_currency(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, *history("o-1", *SHIPPED, customer="bob"), *history("o-2", *SHIPPED, customer="bob"))
    await happens(store, *history("o-3", *SHIPPED, customer="ada"), *history("o-4", *REFUNDED, customer="eve"))
    await happens(store, OrderPlaced.of(an_order(orderId="o-5", customerId="bob", currency="USD")))
    await drain(projector(pool, store, CUSTOMER_ORDERS))
    queries, seen = Queries(pool), list[tuple[str, str]]()
    page = await queries.customers(limit=1)
    while page.after is not None:
        seen += [(row.customer_id, row.currency) for row in page.rows]
        page = await queries.customers(after=page.after, limit=1)
    seen += [(row.customer_id, row.currency) for row in page.rows]
    assert seen == [("ada", "EUR"), ("bob", "EUR"), ("bob", "USD"), ("eve", "EUR")]
    assert [(row.currency, row.order_count) for row in await queries.customer("bob")] == [("EUR", 2), ("USD", 1)]
    top = await queries.top_customers(2)
    assert [(row.currency, row.customer_id, row.total_spend) for row in top] == [
        ("EUR", "bob", 2600),
        ("EUR", "ada", 1300),
        ("USD", "bob", 0),
    ]
    assert await queries.revenue() == {"EUR": 3900, "USD": 0}


async def test_a_spend_beyond_64_bits_is_exact(pool: asyncpg.Pool, store: EventStore) -> None:
    largest = 2**63 - 1
    for number in range(3):
        content = {"items": [line(quantity=1, unitPrice=largest - 300)], "total": largest}
        order = an_order(orderId=f"o-{number}", **content)
        whose = {"order_id": order.order_id, "customer_id": "ada", "currency": "EUR"}
        await happens(store, OrderPlaced.of(order), OrderConfirmed(**whose, total=largest))
        await happens(store, OrderPaid(**whose, payment_id=f"pay-{number}", amount=largest))
    await drain(projector(pool, store, CUSTOMER_ORDERS))
    [row] = await Queries(pool).customer("ada")
    assert row.total_spend == 3 * largest
    assert await Queries(pool).revenue() == {"EUR": 3 * largest}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
async def test_figures_of_a_day_are_those_of_the_zones_day(pool: asyncpg.Pool, store: EventStore, zone: str) -> None:
    [today] = days_between(date(2026, 1, 2), date(2026, 1, 2), ZoneInfo(zone))
    inside = (today.since, today.before - timedelta(microseconds=1))
    for number, at in enumerate((today.since - timedelta(microseconds=1), *inside, today.before)):
        await happens(store, OrderPlaced.of(an_order(orderId=f"o-{number}", placedAt=at.isoformat())))
    await drain(projector(pool, store, DAILY_FIGURES))
    days = list(days_between(date(2026, 1, 1), date(2026, 1, 3), ZoneInfo(zone)))
    found = await Queries(pool).figures(days)
    assert [(each.day.day, each.currency, each.placed, each.placed_amount) for each in found] == [
        (1, "EUR", 1, 1300),
        (2, "EUR", 2, 2600),
        (3, "EUR", 1, 1300),
    ]


# Start, end, and cursor of an earlier page.
PERIOD: Final = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC))
FILTERS: Final = {
    "customer_id": "c-7",
    "facts": OrderFilter(text="o-77", currency="EUR", min_total=5, statuses=("placed", "paid")).query(),
    "least": 5,
    "tags": '["vip"]',
    "metadata": '{"channel": "web"}',
}
GIVEN: Final = [
    {name: FILTERS[name] for name in names} for size in range(len(FILTERS) + 1) for names in combinations(FILTERS, size)
]
LISTED: Final[list[dict[str, Any]]] = [
    {},
    {"status": "placed"},
    *({**status, **given} for given in GIVEN if "customer_id" in given for status in ({}, {"status": "placed"})),
]
# A total has a currency, which is one of the facts.
SEARCHED: Final = [
    given for given in GIVEN if given and "customer_id" not in given and ("facts" in given or "least" not in given)
]
QUESTIONS: Final = [
    (statement(tuple(given), of_period), (9_000, 10, *(PERIOD if of_period else ()), *given.values()))
    for of_period in (False, True)
    for statement, filters in (
        (statements.list_orders, LISTED),
        (statements.search_recent, SEARCHED),
        (statements.search_all, SEARCHED),
    )
    for given in filters
] + [
    *((getattr(statements, name), arguments) for name, arguments in QUERIES.items()),
    (LIST_PARKED, ("order-dashboard", 5, 10)),
]
SCANNED: Final = re.compile(rf"Seq Scan on ({'|'.join((*(each.table for each in PROJECTIONS), 'parked'))})\b")


@pytest.mark.parametrize("planned", ["force_custom_plan", "force_generic_plan"])
async def test_every_question_has_its_index_and_no_index_is_without_a_question(
    wide: asyncpg.Connection, planned: str
) -> None:
    await wide.execute(f"set plan_cache_mode = {planned}")
    questions = [*QUESTIONS, *[await _load(wide, each) for each in PROJECTIONS]]
    plans = [await _plan(wide, sql, arguments) for sql, arguments in questions]
    scans = [(sql, plan) for (sql, _), plan in zip(questions, plans, strict=True) if SCANNED.search(plan)]
    assert scans == [], "each needs an index"
    indexes = await wide.fetch("select indexname from pg_indexes where schemaname = 'projections'")
    by_triggers = {"order_counts_pkey", "revenue_pkey"}
    without = {row["indexname"] for row in indexes} - set(re.findall(r"\w+", "\n".join(plans))) - by_triggers
    assert without == set(), "no statement uses these indexes: drop them, or see read_model_questions.QUERIES"


async def _load(connection: asyncpg.Connection, projection: Projection[Any]) -> tuple[str, tuple[object, ...]]:
    """The projector's read of a row by its key."""
    key = projection.key_columns
    row = await connection.fetchrow(f"select {', '.join(key)} from projections.{projection.table} limit 1")
    assert row is not None
    return statements.load_rows(projection.table, columns(projection.row), key), tuple([value] for value in row)


async def _plan(connection: asyncpg.Connection, sql: str, arguments: tuple[object, ...]) -> str:
    return "\n".join(row[0] for row in await connection.fetch(f"explain {sql}", *arguments))
