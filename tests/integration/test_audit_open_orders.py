"""Open orders: each has a running workflow or a reason, or is a finding."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client

from audit.report import LABELS, MESSAGES, MONEY, OPEN_ORDERS, STOCK
from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.parking import Parking
from orders.events import CancelledBy
from tests.integration.audit_harness import Books, opened_books

Found = list[tuple[str, str]]


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool) as opened:
        yield opened


@pytest.fixture
def order_id() -> str:
    """Id that is unique to the test: the Temporal server is shared."""
    return f"o-{uuid4().hex[:12]}"


async def _left_open(client: Client, workflow: str, order_id: str) -> None:
    """Run on a task queue without workers."""
    await client.start_workflow(workflow, id=f"{workflow}-{order_id}", task_queue=f"nobody-{order_id}")


async def test_an_open_order_whose_workflow_does_not_exist_is_found(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.place(order_id)
    assert await books.found(temporal_client) == [(OPEN_ORDERS, order_id)]


async def test_an_open_order_whose_workflow_was_terminated_is_found(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.place(order_id)
    await books.confirm(order_id)
    await _left_open(temporal_client, "fulfill-order", order_id)
    await temporal_client.get_workflow_handle(f"fulfill-order-{order_id}").terminate()
    await books.project()
    await books.passed_by_dispatcher()
    [finding] = (await books.audit(temporal_client)).findings
    assert (finding.check, finding.subject) == (OPEN_ORDERS, order_id)
    assert finding.problem == f"is confirmed, and workflow fulfill-order-{order_id} has ended (terminated)"


async def test_an_open_order_whose_workflow_runs_is_in_order(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.reserve(order_id)
    await _left_open(temporal_client, "fulfill-order", order_id)
    assert await books.found(temporal_client) == []
    report = await books.audit(temporal_client)
    assert report.open_orders == {"fulfill-order is running": 1}


async def test_an_order_that_is_being_undone_may_still_hold_money_label_and_goods(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.reserve(order_id)
    await books.buy_label(order_id)
    await books.cancel(order_id)
    await _left_open(temporal_client, "fulfill-order", order_id)
    assert await books.found(temporal_client) == []


async def test_an_order_that_nobody_undoes_is_found_with_all_that_it_still_holds(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.reserve(order_id)
    await books.buy_label(order_id)
    await books.cancel(order_id)
    assert await books.found(temporal_client) == [(MONEY, order_id), (LABELS, order_id), (STOCK, order_id)]


async def test_a_shipped_order_is_in_order_while_its_notification_is_under_way(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.reserve(order_id)
    await books.record_shipment(await books.buy_label(order_id))
    assert await books.found(temporal_client) == [(MESSAGES, order_id)]
    await _left_open(temporal_client, "notify-shipment", order_id)
    assert await books.found(temporal_client) == []


async def test_an_order_that_the_dispatcher_has_not_come_to_is_in_order(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.place(order_id)
    await books.project()
    report = await books.audit(temporal_client)
    assert report.findings == []
    assert report.open_orders == {"the dispatcher has not come to its event": 1}


async def test_the_cancel_of_a_person_that_the_dispatcher_has_not_come_to_is_in_order(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    await books.cancel(order_id, CancelledBy.CUSTOMER)
    await books.project()
    assert (await books.audit(temporal_client)).findings == []


async def test_an_order_whose_event_is_parked_is_in_order_and_counted_under_that_reason(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.place(order_id)
    [placed] = await books.app.store.read_stream(f"order-{order_id}")
    await Parking(books.app.pool, DISPATCHER).park({placed.position: "Blob data size exceeds limit."})
    assert await books.found(temporal_client) == []
    report = await books.audit(temporal_client)
    assert report.open_orders == {"its event is parked by the dispatcher": 1}


async def test_without_temporal_settled_orders_are_judged_and_open_ones_are_found(books: Books) -> None:
    await books.shipped("o-1")
    assert await books.found(None) == []
    await books.place("o-2")
    assert await books.found(None) == [(OPEN_ORDERS, "o-2")]
    report = await books.audit(None)
    assert report.checks[OPEN_ORDERS].notes == ["Temporal is not reachable"]


async def test_temporal_that_has_gone_away_is_noted_and_asked_only_once(books: Books) -> None:
    gone = await Client.connect("127.0.0.1:1", lazy=True)
    for number in range(3):
        await books.place(f"o-{number}")
    found = await books.found(gone)
    assert found == [(OPEN_ORDERS, f"o-{number}") for number in range(3)]
    assert (await books.audit(gone)).checks[OPEN_ORDERS].notes == ["Temporal does not answer"]
