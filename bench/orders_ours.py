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
from typing import Any, Final

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.signatures import Publication
from application.placing import place
from bench.side import Ground, Order, meanwhile, measures_of, order_ids
from bootstrap import App, open_app
from inventory.stock_file import read_stock_csv
from order_streams import Orders
from orders.model import parse_order
from orders.topics import ANALYTICS_REVENUE
from settings import Settings
from temporal import connect_temporal
from worker import Role, serve

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "northwind"


class Told(Interceptor):
    """Knows of each order's last message: from the step that publishes it, which this process runs, as bare Temporal's
    side does; or, where others run it, from the log."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def expect(self, order_id: str) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = future
        return future

    def heard(self, order_id: str) -> None:
        if future := self._waiting.pop(order_id, None):
            future.set_result(None)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Publishing(next, self)

    async def follow(self, app: App) -> None:
        position = await app.store.head()
        with app.wakeup.subscribe() as awake:
            while True:
                awake.clear()
                page = await app.store.read_all(after=position, types=[ANALYTICS_REVENUE])
                for event in page.events:
                    self.heard(event.data["subject"])
                if page.position == position:
                    await awake.wait()
                position = page.position


class _Publishing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, told: Told) -> None:
        super().__init__(next)
        self._told = told

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        answer = await super().execute_activity(input)
        for argument in input.args:
            if isinstance(argument, Publication) and argument.topic == ANALYTICS_REVENUE:
                self._told.heard(argument.order.order_id)
        return answer


def settings_for(ground: Ground) -> Settings:
    """A task queue of the side's own: what a side before left open is not for this one's worker."""
    queue = f"ours-{uuid.uuid4().hex[:8]}"
    return Settings(database_url=ground.database_url, temporal_address=ground.temporal_address, task_queue=queue)


@asynccontextmanager
async def placing(settings: Settings, told: Told) -> AsyncIterator[tuple[App, Order]]:
    """With goods for any order: the app, and what places one and waits until others were told, which answers its id."""
    async with open_app(settings) as app:
        rows = read_stock_csv(_DATA / "products.csv")
        await app.stock.import_levels([replace(row, units=1_000_000) for row in rows], "bench")
        yield app, _order_after_order(app.orders, told)


@asynccontextmanager
async def in_this_process(ground: Ground) -> AsyncIterator[Order]:
    """What takes an order from its start to its end, all roles served here."""
    settings, told = settings_for(ground), Told()
    async with placing(settings, told) as (app, order):
        client, ready = await connect_temporal(settings), asyncio.Event()
        async with meanwhile(serve(app, client, tuple(Role), ready=ready, interceptors=[told])):
            await ready.wait()
            yield order


def _order_after_order(orders: Orders, told: Told) -> Order:
    """The Northwind orders in turn."""
    ids, lines = order_ids(), itertools.cycle((_DATA / "orders.jsonl").read_text().splitlines())

    async def order() -> str:
        line = json.loads(next(lines)) | {"orderId": next(ids)}
        placed = parse_order(line, now=datetime.now(UTC))
        done = told.expect(placed.order_id)
        await place(orders, placed, actor="bench")
        await done
        return placed.order_id

    return order


measure_orders, measure_single = measures_of(in_this_process)
