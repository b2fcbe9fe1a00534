"""Two dispatchers that share the lanes: bulk orders of all lanes have the fleet's places, and one process starts them."""

import asyncpg
import pytest

from application.placing import place
from bootstrap import App, build_app
from dispatcher import bulk
from dispatcher.dispatcher import Dispatcher
from eventstore.lane_reader import LANES
from orders.model import parse_order
from settings import Settings
from tests.integration.noted_starts import Starts
from tests.running_system import PLACED_AT, new_id, order_data

PLACES = 3


async def placed(app: App, count: int, *, bulk: bool) -> list[str]:
    order_ids = [new_id() for _ in range(count)]
    for order_id in order_ids:
        await place(app.orders, parse_order(order_data(order_id), now=PLACED_AT), actor="test", bulk=bulk)
    return order_ids


async def test_the_owner_of_the_first_lane_starts_the_bulk_orders_of_all_lanes_within_the_places(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_LOOK", 0.0)
    app = build_app(Settings(database_url=database_url), pool)
    first, second = Starts(), Starts()
    dispatchers = [Dispatcher(app.store, app.codec, each, bulk_places=PLACES) for each in (first, second)]
    for dispatcher, share in zip(dispatchers, (range(0, LANES, 2), range(1, LANES, 2)), strict=True):
        dispatcher.own(share)
    others = await placed(app, LANES, bulk=False)
    imported = await placed(app, LANES, bulk=True)
    for dispatcher in (*reversed(dispatchers), *dispatchers):
        await dispatcher.step()
    assert sorted(first.orders + second.orders) == sorted(others + imported[:PLACES])
    assert len(set(second.orders) & set(others)) == LANES // 2
    assert not set(second.orders) & set(imported)
    await app.wakeup.flush()
