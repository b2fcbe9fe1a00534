"""Read models against the log: row for row, at their own position, in parts, beside traffic."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from temporalio.client import Client

from audit import audit
from audit.read_models import audit_projection
from audit.report import READ_MODELS
from gateways.books import GatewayBooks
from open_work.sources import Sources
from orders.events import Event, OrderConfirmed, OrderPlaced
from projections import PROJECTIONS
from projections.order_dashboard import ORDER_DASHBOARD
from tests.integration.audit_harness import Books, opened_books
from tests.running_system import running_system


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool) as opened:
        yield opened


def _of(event: type[Event]) -> list[str]:
    """The projections that fold events of a type."""
    return [each.name for each in PROJECTIONS if event in each.events]


async def _problems(books: Books) -> list[tuple[str, str, str]]:
    return [(each.check, each.subject, each.problem) for each in (await books.audit()).findings]


async def test_a_row_that_was_changed_is_found_with_the_column_and_both_values(books: Books) -> None:
    await books.shipped("o-1")
    await books.project()
    await books.owner.execute("update projections.order_dashboard set total = 1, reason = 'none'")
    problem = "total is 1 and should be 3000; reason is none and should be None"
    assert await _problems(books) == [(READ_MODELS, "order-dashboard: o-1", problem)]


async def test_a_row_that_has_vanished_is_found(books: Books) -> None:
    await books.shipped("o-1")
    await books.project()
    await books.owner.execute("delete from projections.customer_orders")
    assert await _problems(books) == [
        (READ_MODELS, "customer-orders: revenue EUR", "the total is 3000 and its rows add up to 0"),
        (READ_MODELS, "customer-orders: ALFKI EUR", "the row is missing"),
    ]


async def test_a_row_that_the_log_knows_nothing_of_is_found(books: Books) -> None:
    await books.shipped("o-1")
    await books.project()
    await books.owner.execute(
        "insert into projections.customer_orders select 'NOBODY', currency, order_count, shipped_count, "
        "cancelled_count, total_spend, first_order_at, last_order_at, position from projections.customer_orders"
    )
    problem = "the row is there, and the log has no event of it"
    assert await _problems(books) == [(READ_MODELS, "customer-orders: NOBODY EUR", problem)]


@pytest.mark.parametrize(
    ("falsified", "subject", "problem"),
    [
        (
            "update projections.order_counts set orders = 7 where status = 'shipped'",
            "order-dashboard: order_counts shipped",
            "the total is 7 and its rows add up to 2",
        ),
        (
            "insert into projections.order_counts values ('lost', 1)",
            "order-dashboard: order_counts lost",
            "the total is 1 and its rows add up to 0",
        ),
        (
            "delete from projections.revenue",
            "customer-orders: revenue EUR",
            "the total is 0 and its rows add up to 6000",
        ),
    ],
)
async def test_a_total_that_is_not_that_of_its_rows_is_found(
    books: Books, falsified: str, subject: str, problem: str
) -> None:
    await books.shipped("o-1")
    await books.shipped("o-2")
    await books.project()
    assert await _problems(books) == []
    await books.owner.execute(falsified)
    assert await _problems(books) == [(READ_MODELS, subject, problem)]


async def test_a_read_model_that_lags_is_compared_at_its_own_position(books: Books) -> None:
    await books.shipped("o-1")
    await books.project()
    position = await books.app.store.head()
    await books.compensated("o-2")
    report = await books.audit()
    assert report.findings == []
    notes = [f"{projection.name} at position {position}" for projection in PROJECTIONS]
    assert report.checks[READ_MODELS].notes == notes


async def test_a_checkpoint_that_has_moved_past_events_is_found_by_their_rows(books: Books) -> None:
    await books.shipped("o-1")
    await books.project()
    await books.out_of_stock("o-2")
    await books.owner.execute("update eventstore.subscriptions set position = $1", await books.app.store.head())
    found = await _problems(books)
    assert {subject.partition(":")[0] for _, subject, _ in found} == set(_of(OrderPlaced))
    assert [each for each in found if each[1].startswith(("order-dashboard:", "customer-orders:"))] == [
        (READ_MODELS, "order-dashboard: o-2", "the row is missing"),
        (
            READ_MODELS,
            "customer-orders: ALFKI EUR",
            "order_count is 1 and should be 2; cancelled_count is 0 and should be 1; position is 4 and should be 8",
        ),
    ]


async def test_a_parked_event_is_found_and_left_out_of_the_comparison(books: Books) -> None:
    await books.shipped("o-1")
    await books.append_raw("stray", "order.confirmed", {"orderId": "ghost"})
    position = await books.app.store.head()
    found = await books.found()
    assert found == [(READ_MODELS, f"{name}@{position}") for name in _of(OrderConfirmed)]


async def test_an_event_that_is_neither_taken_nor_parked_is_found(books: Books) -> None:
    await books.shipped("o-1")
    await books.append_raw("stray", "order.confirmed", {"orderId": "ghost"})
    await books.project()
    await books.owner.execute("delete from eventstore.parked")
    findings = (await books.audit()).findings
    assert [each.subject.partition(":")[0] for each in findings] == _of(OrderConfirmed)
    assert all(each.check == READ_MODELS and "neither take nor has parked" in each.problem for each in findings)


async def test_comparing_in_parts_finds_the_same_as_comparing_at_once(books: Books) -> None:
    for number in range(7):
        await books.out_of_stock(f"o-{number}")
    await books.project()
    await books.owner.execute("delete from projections.order_dashboard where order_id = 'o-3'")
    await books.owner.execute("update projections.order_dashboard set units = 9 where order_id = 'o-5'")
    whole = await audit_projection(books.sources(), ORDER_DASHBOARD)
    parts = await audit_projection(books.sources(), ORDER_DASHBOARD, part=2)
    assert len(whole.findings) == 3
    assert set(parts.findings) == set(whole.findings)


async def test_a_row_written_while_the_comparison_runs_does_not_disturb_it(books: Books) -> None:
    for number in range(5):
        await books.out_of_stock(f"o-{number}")
    await books.project()

    async def writing() -> None:
        for number in range(5, 25):
            await books.out_of_stock(f"o-{number}")
            for projector in books.app.projectors():
                await projector.step()

    writer = asyncio.create_task(writing())
    while not writer.done():
        for projection in PROJECTIONS:
            assert (await audit_projection(books.sources(), projection)).findings == []
    await writer


async def test_the_books_hold_at_every_moment_while_orders_are_on_their_way(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client, shipping_unavailable_above=10) as system:
        app = system.app
        sources = Sources(app.pool, app.store, app.codec, app.stock, GatewayBooks(app.pool), temporal_client)
        await system.stock(TEA_1=30)
        quantities = [2, 11, 2, 1000] * 5
        ids = [await system.place(quantity=quantity) for quantity in quantities]
        audits = 0
        while any([await system.running(order_id) for order_id in ids]) or audits < 3:
            assert (await audit(sources)).findings == []
            audits += 1
        report = await audit(sources)
        assert report.findings == []
        assert report.open_orders == {}
