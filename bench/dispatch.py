"""From the commit of an event to the call that starts its workflow, by the real dispatcher; Temporal's part is left out."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from bench.log import bodies
from bench.side import Figures, Ground, milliseconds, order_ids
from dispatcher.dispatcher import Dispatcher
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import Trigger
from eventstore.lane_runner import LaneRunner
from eventstore.model import NO_STREAM, NewEvent, RecordedEvent
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams.handling import order_codec
from orders.events import Event


class _Clock(WorkflowStarter):
    """Notes when a start would have been sent."""

    def __init__(self) -> None:
        self.started: dict[str, asyncio.Future[float]] = {}

    async def start(self, trigger: Trigger, event: Event, recorded: RecordedEvent) -> None:
        if future := self.started.pop(event.order_id, None):
            future.set_result(time.perf_counter())


async def append_and_wait(store: EventStore, clock: _Clock, order_id: str, body: str) -> float:
    """Seconds from the append's answer to the start."""
    future = clock.started[order_id] = asyncio.get_running_loop().create_future()
    data = orjson.loads(body.replace("@order", order_id).replace("@customer", "c-1"))
    event = NewEvent(id=uuid.uuid4(), type="order.placed", data=data)
    await store.append(f"order-{order_id}", [event], expected=NO_STREAM)
    committed = time.perf_counter()
    started: float = await future
    return max(0.0, started - committed)


@asynccontextmanager
async def dispatching(ground: Ground) -> AsyncIterator[tuple[EventStore, _Clock]]:
    """The dispatcher at work on the side's database."""
    async with open_pool(ground.database_url, size=32) as pool:
        wakeup, clock = Wakeup(pool), _Clock()
        store = EventStore(pool, wakeup)
        dispatcher = Dispatcher(store, order_codec(), clock, bulk_places=1)
        runner = LaneRunner(dispatcher, dsn=ground.database_url, wakeup=wakeup)
        tasks = [asyncio.create_task(runner.run()), asyncio.create_task(wakeup.listen(ground.database_url))]
        try:
            yield store, clock
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await wakeup.flush()


async def latencies(ground: Ground, writers: int, count: int) -> Figures:
    """p50_ms and p99_ms with so many writers, each appending again as soon as its order was dispatched."""
    body, ids = bodies()[0][1], order_ids()
    async with dispatching(ground) as (store, clock):

        async def write(share: int) -> list[float]:
            return [await append_and_wait(store, clock, next(ids), body) for _ in range(share)]

        await write(20)
        parts = await asyncio.gather(*(write(count // writers) for _ in range(writers)))
    return milliseconds([each for part in parts for each in part])


async def measure_idle(ground: Ground) -> Figures:
    """p50_ms and p99_ms, one order at a time."""
    return await latencies(ground, 1, ground.scaled(500))


async def measure_busy(ground: Ground) -> Figures:
    """p50_ms and p99_ms under 24 appenders."""
    return await latencies(ground, 24, max(24, ground.scaled(4_800, least=480)))
