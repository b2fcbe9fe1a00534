"""The same saga on Absurd: three tasks of the same steps, empty, each queued by the one before, in one process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from absurd_sdk import AsyncAbsurd, AsyncTaskContext
from absurdctl import BUNDLED_SCHEMA_SQL

from bench.side import Figures, Ground, in_flight, order_ids

_STEPS: Final = {
    "validate": ("check-inventory", "confirm"),
    "fulfill": ("read-order", "charge", "record-payment", "reserve", "label", "record-shipment"),
    "notify": ("notify", "tell-revenue"),
}
_NEXT: Final = {"validate": "fulfill", "fulfill": "notify"}
_QUEUE: Final = "default"  # what a worker that is given none works on
_WORKERS: Final = 4  # a worker has one connection and begins no batch before its last has ended
_IN_FLIGHT: Final = 5  # of each worker
_POLL: Final = 0.01  # seconds an idle worker waits; 0.25, the default, would be most of an order's time
_LEAVE: Final = 5.0  # seconds for the workers to see that they are to stop


async def _nothing() -> str:
    return "done"


class _Saga:
    """The tasks, for any number of workers. The end of an order is signalled within the process, not polled for."""

    def __init__(self, client: AsyncAbsurd) -> None:
        self._client, self._waiting = client, dict[str, asyncio.Future[None]]()

    async def order(self, order_id: str) -> None:
        ended = self._waiting[order_id] = asyncio.get_running_loop().create_future()
        await self._spawn("validate", order_id)
        await ended

    async def _spawn(self, task: str, order_id: str) -> None:
        key = f"{task}-{order_id}"
        await self._client.spawn(task, {"orderId": order_id}, queue=_QUEUE, idempotency_key=key)

    def task(self, name: str) -> Callable[[Any, AsyncTaskContext], Awaitable[None]]:
        async def handle(params: Any, context: AsyncTaskContext) -> None:
            for step in _STEPS[name]:
                await context.step(step, _nothing)
            if follows := _NEXT.get(name):
                await self._spawn(follows, params["orderId"])
            else:
                self._waiting.pop(params["orderId"]).set_result(None)

        return handle


@asynccontextmanager
async def _running(ground: Ground) -> AsyncIterator[_Saga]:
    await _create_schema(ground.database_url)
    client, workers = AsyncAbsurd(ground.database_url), [AsyncAbsurd(ground.database_url) for _ in range(_WORKERS)]
    await client.create_queue(_QUEUE)
    saga = _Saga(client)
    for worker in workers:
        for name in _STEPS:
            worker.register_task(name)(saga.task(name))
    working = [
        asyncio.create_task(worker.start_worker(f"worker-{number}", concurrency=_IN_FLIGHT, poll_interval=_POLL))
        for number, worker in enumerate(workers)
    ]
    try:
        yield saga
    finally:
        for worker in workers:
            worker.stop_worker()
        _, late = await asyncio.wait(working, timeout=_LEAVE)
        for task in late:
            task.cancel()
        for each in (client, *workers):
            await each.close()


async def _create_schema(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(BUNDLED_SCHEMA_SQL)
    finally:
        await connection.close()


async def measure_orders(ground: Ground) -> Figures:
    """20 in flight."""
    ids = order_ids()
    async with _running(ground) as saga:
        return await in_flight(ground.scaled(200), lambda: saga.order(next(ids)))
