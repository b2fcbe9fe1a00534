"""Order of the starts within a stream: each event is dispatched after the one before it, or after that one is parked."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from temporalio.service import RPCError

from bootstrap import App, build_app
from dispatcher.dispatcher import NAME as DISPATCHER
from dispatcher.dispatcher import Dispatcher
from eventstore.failing_alone import ROUNDS
from eventstore.parking import Parking
from orders.commands import ConfirmOrder
from settings import Settings
from tests.integration.log_by_hand import ByHand, insert, placed
from tests.integration.noted_starts import Starts
from tests.running_system import new_id

ORDERS = 20


@pytest.fixture
async def app(pool: asyncpg.Pool, database_url: str) -> AsyncIterator[App]:
    built = build_app(Settings(database_url=database_url), pool)
    yield built
    await built.wakeup.flush()


async def confirmed_orders(app: App, database_url: str) -> list[str]:
    """Orders that are placed, each confirmed behind it."""
    order_ids = [new_id() for _ in range(ORDERS)]
    for order_id in order_ids:
        await insert(database_url, order_id, ByHand(placed(order_id)))
        await app.orders.handle(f"order-{order_id}", ConfirmOrder(order_id), command_id=new_id())
    return order_ids


IN_ORDER = [
    ("validate-order", "begins"),
    ("validate-order", "ends"),
    ("fulfill-order", "begins"),
    ("fulfill-order", "ends"),
]


async def test_a_later_event_of_a_stream_starts_its_workflow_after_the_earlier_one(app: App, database_url: str) -> None:
    order_ids, starts = await confirmed_orders(app, database_url), Starts()
    await Dispatcher(app.store, app.codec, starts, bulk_places=1).step()
    assert {order_id: starts.of(order_id) for order_id in order_ids} == dict.fromkeys(order_ids, IN_ORDER)


async def test_an_event_behind_a_failing_one_of_its_stream_waits_until_that_is_parked(
    app: App, database_url: str
) -> None:
    order_ids, starts = await confirmed_orders(app, database_url), Starts()
    failing = starts.failing = order_ids[3]
    dispatcher = Dispatcher(app.store, app.codec, starts, bulk_places=1)
    for _ in range(ROUNDS - 1):
        with pytest.raises(RPCError):
            await dispatcher.step()
    assert {order_id: starts.of(order_id)[:4] for order_id in order_ids if order_id != failing} == {
        order_id: IN_ORDER for order_id in order_ids if order_id != failing
    }
    assert starts.of(failing) == [IN_ORDER[0]] * (ROUNDS - 1)
    assert not await dispatcher.step()
    assert len(await Parking(app.pool, DISPATCHER).all()) == 1
    assert starts.of(failing) == [IN_ORDER[0]] * ROUNDS + IN_ORDER[2:]
