"""Refunds after shipment, and orders on hold, against the books."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client

from audit.report import MONEY, OPEN_ORDERS
from tests.integration.audit_harness import TOTAL, Books, opened_books


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool) as opened:
        yield opened


@pytest.fixture
def order_id() -> str:
    """Id that is unique to the test: the Temporal server is shared."""
    return f"o-{uuid4().hex[:12]}"


async def runs(client: Client, order_id: str, refund_id: str) -> None:
    """Run on a task queue without workers."""
    workflow_id = f"refund-order-{order_id}/{refund_id}"
    await client.start_workflow("refund-order", id=workflow_id, task_queue=f"nobody-{order_id}")


async def test_the_books_hold_when_some_and_then_all_of_a_shipped_orders_money_went_back(books: Books) -> None:
    await books.shipped("o-1")
    await books.ask_back("o-1", "r-1", 1000)
    await books.record_refund(await books.give_part_back("o-1", "r-1", 1000))
    assert await books.found() == []
    await books.ask_back("o-1", "r-2", TOTAL - 1000)
    await books.record_refund(await books.give_part_back("o-1", "r-2", TOTAL - 1000))
    assert await books.found() == []
    assert (await books.audit()).open_orders == {}


async def test_a_recorded_refund_that_the_gateway_never_made_is_found(books: Books) -> None:
    await books.shipped("o-1")
    await books.ask_back("o-1", "r-1", 1000)
    recorded = await books.give_part_back("o-1", "r-1", 1000)
    await books.record_refund(recorded)
    await books.owner.execute("delete from simulated.refunds")
    [finding] = [each for each in (await books.audit()).findings if each.check == MONEY]
    assert finding.problem == (
        "is shipped: the gateway charged 30.00 EUR and returned 0.00 EUR, where 20.00 EUR should be kept"
    )


async def test_a_refund_under_way_is_in_order_before_and_after_the_gateway_made_it(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.shipped(order_id)
    await books.ask_back(order_id, "r-1", 1000)
    await books.ask_back(order_id, "r-2", 500)
    await runs(temporal_client, order_id, "r-1")
    await runs(temporal_client, order_id, "r-2")
    assert await books.found(temporal_client) == []
    await books.give_part_back(order_id, "r-2", 500)
    assert await books.found(temporal_client) == []
    assert (await books.audit(temporal_client)).open_orders == {"refund-order is running": 1}


async def test_more_given_back_than_was_asked_for_is_found(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.shipped(order_id)
    await books.ask_back(order_id, "r-1", 1000)
    await runs(temporal_client, order_id, "r-1")
    await books.give_part_back(order_id, "r-1", 1001)
    await books.project()
    await books.passed_by_dispatcher()
    [finding] = (await books.audit(temporal_client)).findings
    assert finding.problem == (
        "is shipped: the gateway charged 30.00 EUR and returned 10.01 EUR, where 20.00 EUR to 30.00 EUR should be kept"
    )


async def test_each_refund_that_nobody_makes_is_found(books: Books, temporal_client: Client, order_id: str) -> None:
    await books.shipped(order_id)
    for refund_id in ("r-1", "r-2", "r-3"):
        await books.ask_back(order_id, refund_id, 100)
    await runs(temporal_client, order_id, "r-1")
    await runs(temporal_client, order_id, "r-2")
    await temporal_client.get_workflow_handle(f"refund-order-{order_id}/r-2").terminate()
    await books.project()
    await books.passed_by_dispatcher()
    findings = (await books.audit(temporal_client)).findings
    assert {(each.check, each.subject) for each in findings} == {(OPEN_ORDERS, order_id)}
    owes = "is shipped and owes a refund that was asked for, and workflow refund-order"
    assert [each.problem for each in findings] == [
        f"{owes}-{order_id}/r-2 has ended (terminated)",
        f"{owes}-{order_id}/r-3 does not exist",
    ]


@pytest.mark.parametrize("status", ["placed", "confirmed", "paid"])
async def test_a_held_order_is_open_for_that_reason_whatever_its_workflow_does(
    books: Books, temporal_client: Client, order_id: str, status: str
) -> None:
    await books.place(order_id)
    if status != "placed":
        await books.confirm(order_id)
    if status == "paid":
        await books.pay(order_id)
    await books.hold(order_id)
    assert await books.found(temporal_client) == []
    assert (await books.audit(temporal_client)).open_orders == {"on hold": 1}


async def test_a_held_order_that_was_charged_too_much_is_found(books: Books) -> None:
    await books.paid("o-1")
    await books.charge("o-1", key="again")
    await books.hold("o-1")
    assert await books.found() == [(MONEY, "o-1")]
