"""This whole system: place an order, wait until it has shipped and its messages are published. All roles running."""

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.signatures import Publication
from application.placing import place
from bench.side import Ground, meanwhile, measures_of, order_ids
from bootstrap import App, open_app
from inventory.stock_file import read_stock_csv
from order_streams import Orders
from orders.model import parse_order
from orders.topics import ANALYTICS_REVENUE
from settings import Settings
from temporal import connect_temporal
from worker import Role, serve

AnyOrder: TypeAlias = Callable[..., Coroutine[Any, Any, str]]
"""Takes one more order from its start to its end, and returns its id. bulk: as one of an import; placed: set once placed."""

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "northwind"


class Completions(Interceptor):
    """Futures that are done with an order's last message: seen at the step that publishes it if this process runs the step,
    as on bare Temporal's side; otherwise in the log."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def expect(self, order_id: str) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = future
        return future

    def published(self, order_id: str) -> None:
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
                    self.published(event.data["subject"])
                if page.position == position:
                    await awake.wait()
                position = page.position


class _Publishing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, completions: Completions) -> None:
        super().__init__(next)
        self._completions = completions

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        answer = await super().execute_activity(input)
        for argument in input.args:
            if isinstance(argument, Publication) and argument.topic == ANALYTICS_REVENUE:
                self._completions.published(argument.order.order_id)
        return answer


def settings_for(ground: Ground) -> Settings:
    """Settings with a task queue of its own, so that its worker gets no workflow that an earlier side left open."""
    queue = f"ours-{uuid.uuid4().hex[:8]}"
    return Settings(database_url=ground.database_url, temporal_address=ground.temporal_address, task_queue=queue)


@asynccontextmanager
async def placing(settings: Settings, completions: Completions) -> AsyncIterator[tuple[App, AnyOrder]]:
    """The app, with stock for any order; and a function that places an order, waits for its end and returns its id."""
    async with open_app(settings) as app:
        rows = read_stock_csv(_DATA / "products.csv")
        await app.stock.import_levels([replace(row, units=1_000_000) for row in rows], "bench")
        yield app, _order_after_order(app.orders, completions)


@asynccontextmanager
async def in_this_process(ground: Ground) -> AsyncIterator[AnyOrder]:
    """Places an order and waits until it has shipped, all roles served by this process."""
    settings, completions = settings_for(ground), Completions()
    async with placing(settings, completions) as (app, order):
        client, ready = await connect_temporal(settings), asyncio.Event()
        async with meanwhile(serve(app, client, tuple(Role), ready=ready, interceptors=[completions])):
            await ready.wait()
            yield order


def _order_after_order(orders: Orders, completions: Completions) -> AnyOrder:
    """The Northwind orders in turn."""
    ids, lines = order_ids(), itertools.cycle((_DATA / "orders.jsonl").read_text().splitlines())

    async def order(*, bulk: bool = False, placed: asyncio.Event | None = None) -> str:
        line = json.loads(next(lines)) | {"orderId": next(ids)}
        content = parse_order(line, now=datetime.now(UTC))
        done = completions.expect(content.order_id)
        await place(orders, content, actor="bench", bulk=bulk)
        if placed is not None:
            placed.set()
        await done
        return content.order_id

    return order


measure_orders, measure_single = measures_of(in_this_process)
