"""Bulk orders: an import has some places, and delays no other order."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client

from application.placing import place
from dispatcher.bulk import BulkOrders
from dispatcher.dispatcher import Dispatcher
from dispatcher.starter import WorkflowStarter
from open_work.evidence import gather
from open_work.open_orders import Prospects, unfinished
from order_streams import BULK
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.model import parse_order
from tests.integration.dispatcher_harness import Dispatching, dispatching, rewind
from tests.running_system import PLACED_AT, new_id, order_data

PLACES = 2
_STARTED_EARLIER = "update dispatcher.bulk set started_at = started_at - $1::interval where started_at is not null"
_REPLACED = "update dispatcher.bulk set event_id = gen_random_uuid() where stream = $1"


@pytest.fixture
async def given(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as found:
        yield found


def dispatcher(given: Dispatching) -> Dispatcher:
    """Dispatcher with two places, as after a restart: without memory of earlier steps."""
    app = given.app
    starter = WorkflowStarter(given.system.client, app.settings)
    return Dispatcher(app.store, app.codec, starter, bulk_places=PLACES)


async def placed(given: Dispatching, *, bulk: bool = True) -> str:
    order = parse_order(order_data(new_id()), now=PLACED_AT)
    await place(given.app.orders, order, actor="test", bulk=bulk)
    return order.order_id


async def an_import(given: Dispatching, count: int = PLACES + 1) -> list[str]:
    return [await placed(given) for _ in range(count)]


async def started(given: Dispatching, ids: list[str]) -> list[bool]:
    return ["validate-order" in await given.described(order_id) for order_id in ids]


async def ended(given: Dispatching, order_id: str) -> None:
    """Cancel as the workflow of a bulk order does."""
    command = CancelOrder(order_id, "for the test", CancelledBy.VALIDATION)
    metadata = {"actor": "validate-order", BULK: True}
    await given.app.orders.handle(stream_name(order_id), command, command_id=new_id(), metadata=metadata)


async def test_an_import_starts_as_many_orders_as_it_has_places_and_another_order_starts_at_once(
    given: Dispatching,
) -> None:
    imported = await an_import(given)
    other = await placed(given, bulk=False)
    await given.confirm(imported[2])  # an event of another type of an order that waits
    await dispatcher(given).step()
    assert await started(given, [*imported, other]) == [True, True, False, True]
    assert "fulfill-order" in await given.described(imported[2])
    assert await given.system.dispatched()


async def test_a_place_is_kept_over_a_restart_and_freed_by_the_end_of_its_order(given: Dispatching) -> None:
    imported = await an_import(given)
    await dispatcher(given).step()
    await dispatcher(given).step()
    assert await started(given, imported) == [True, True, False]
    await ended(given, imported[0])
    await dispatcher(given).step()
    assert await started(given, imported) == [True, True, True]


async def test_orders_that_do_not_end_free_their_places_after_five_minutes(given: Dispatching) -> None:
    imported = await an_import(given)
    await dispatcher(given).step()
    await given.app.pool.execute(_STARTED_EARLIER, timedelta(minutes=5))
    await dispatcher(given).step()
    assert await started(given, imported) == [True, True, True]


async def test_a_second_reading_of_the_log_starts_no_more_than_the_first(given: Dispatching) -> None:
    imported = await an_import(given)
    await dispatcher(given).step()
    await rewind(given.app)
    await dispatcher(given).step()
    assert await started(given, imported) == [True, True, False]


async def test_a_bulk_order_of_a_lost_end_of_the_log_is_forgotten(given: Dispatching) -> None:
    bulk = BulkOrders(given.app.pool, PLACES)
    [lost] = await an_import(given, 1)
    await bulk.postpone((await given.app.store.read_all()).events)
    await given.app.pool.execute(_REPLACED, stream_name(lost))
    reading = dispatcher(given)
    await reading._start_bulk()
    assert await started(given, [lost]) == [False]
    assert await bulk.due() == []
    await reading.step()
    assert await started(given, [lost]) == [True]


async def test_an_order_that_waits_for_its_turn_is_not_reported_as_lost(given: Dispatching) -> None:
    imported = await an_import(given)
    await dispatcher(given).step()
    sources = given.app.sources(given.system.client)
    evidence, _ = await gather(sources, imported[2:])
    [prospect] = (await Prospects(sources).of(unfinished(evidence[0])))[imported[2]]
    assert (prospect.fault, prospect.reason) == (None, "it is one of an import, and waits for its turn")


async def test_the_runs_of_a_bulk_order_give_way_at_temporal(given: Dispatching) -> None:
    [bulk], other = await an_import(given, 1), await placed(given, bulk=False)
    await dispatcher(given).step()
    keys = [
        (await given.described(order_id))[
            "validate-order"
        ].raw_description.workflow_execution_info.priority.priority_key
        for order_id in (bulk, other)
    ]
    assert keys == [5, 0]
