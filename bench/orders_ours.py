"""Our whole system: place an order, wait until it has shipped and others were told. Everything on, in one process."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from activities.signatures import ANALYTICS_REVENUE
from activities.stock import read_stock_csv
from application.placing import place
from bench.side import Figures, Ground, in_flight, one_at_a_time, order_ids
from bootstrap import App, connect_temporal, open_app
from orders.model import Order, parse_order
from settings import Settings
from worker import Role, serve

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "northwind"


class _Told:
    """Follows the log for the last message of each order."""

    def __init__(self, app: App) -> None:
        self._app, self._waiting = app, dict[str, asyncio.Future[None]]()

    def expect(self, order_id: str) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = future
        return future

    async def follow(self) -> None:
        position = await self._app.store.head()
        with self._app.wakeup.subscribe() as awake:
            while True:
                awake.clear()
                page = await self._app.store.read_all(after=position, types=[ANALYTICS_REVENUE])
                for event in page.events:
                    if future := self._waiting.pop(event.data["subject"], None):
                        future.set_result(None)
                if page.position == position:
                    await awake.wait()
                position = page.position


@asynccontextmanager
async def _running(ground: Ground) -> AsyncIterator[tuple[App, _Told]]:
    settings = Settings(database_url=ground.database_url, temporal_address=ground.temporal_address, task_queue="ours")
    async with open_app(settings) as app:
        rows = read_stock_csv(_DATA / "products.csv")
        await app.stock.import_levels([replace(row, units=1_000_000) for row in rows], "bench")
        client, ready, told = await connect_temporal(settings), asyncio.Event(), _Told(app)
        tasks = [asyncio.create_task(serve(app, client, tuple(Role), ready=ready)), asyncio.create_task(told.follow())]
        await ready.wait()
        try:
            yield app, told
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _order(order_id: str, line: dict[str, Any]) -> Order:
    return parse_order(line | {"orderId": order_id}, now=datetime.now(UTC))


def _lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_DATA / "orders.jsonl").read_text().splitlines()]


def _orders(app: App, told: _Told) -> Callable[[], Awaitable[object]]:
    """Places the next of the Northwind orders, and waits for its end."""
    ids, lines = order_ids(), itertools.cycle(_lines())

    async def order() -> None:
        placed = _order(next(ids), next(lines))
        done = told.expect(placed.order_id)
        await place(app, placed, actor="bench")
        await done

    return order


async def measure_orders(ground: Ground) -> Figures:
    """20 in flight."""
    async with _running(ground) as (app, told):
        return await in_flight(ground.scaled(300), _orders(app, told))


async def measure_single(ground: Ground) -> Figures:
    """One order at a time."""
    async with _running(ground) as (app, told):
        return await one_at_a_time(ground.scaled(60), _orders(app, told))
