"""Our whole system: place an order, wait until it has shipped and others were told. Everything on."""

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from activities.signatures import ANALYTICS_REVENUE
from activities.stock import read_stock_csv
from application.placing import place
from bench.side import Ground, Order, meanwhile, measures_of, order_ids
from bootstrap import App, connect_temporal, open_app
from orders.model import parse_order
from settings import Settings
from worker import Role, serve

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "northwind"


class Told:
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


def settings_for(ground: Ground) -> Settings:
    """A task queue of the side's own: what a side before left open is not for this one's worker."""
    queue = f"ours-{uuid.uuid4().hex[:8]}"
    return Settings(database_url=ground.database_url, temporal_address=ground.temporal_address, task_queue=queue)


@asynccontextmanager
async def placing(settings: Settings) -> AsyncIterator[tuple[App, Order]]:
    """With goods for any order: the app, and what places one and waits until others were told, which answers its id."""
    async with open_app(settings) as app:
        rows = read_stock_csv(_DATA / "products.csv")
        await app.stock.import_levels([replace(row, units=1_000_000) for row in rows], "bench")
        told = Told(app)
        async with meanwhile(told.follow()):
            yield app, _order_after_order(app, told)


@asynccontextmanager
async def in_this_process(ground: Ground) -> AsyncIterator[Order]:
    """What takes an order from its start to its end, all roles served here."""
    settings = settings_for(ground)
    async with placing(settings) as (app, order):
        client, ready = await connect_temporal(settings), asyncio.Event()
        async with meanwhile(serve(app, client, tuple(Role), ready=ready)):
            await ready.wait()
            yield order


def _order_after_order(app: App, told: Told) -> Order:
    """The Northwind orders in turn."""
    ids, lines = order_ids(), itertools.cycle((_DATA / "orders.jsonl").read_text().splitlines())

    async def order() -> str:
        line = json.loads(next(lines)) | {"orderId": next(ids)}
        placed = parse_order(line, now=datetime.now(UTC))
        done = told.expect(placed.order_id)
        await place(app, placed, actor="bench")
        await done
        return placed.order_id

    return order


measure_orders, measure_single = measures_of(in_this_process)
