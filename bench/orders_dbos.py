"""The same saga on DBOS: three workflows with no-op steps, in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbos import DBOS, SetWorkflowID

from bench.side import Figures, Ground, in_flight, order_ids


@DBOS.step()
async def step(order_id: str) -> str:
    """A step that does nothing."""
    return order_id


async def _steps(order_id: str, times: int) -> None:
    for _ in range(times):
        await step(order_id)


@DBOS.workflow()
async def validate(order_id: str) -> None:
    """check-inventory, confirm."""
    await _steps(order_id, 2)


@DBOS.workflow()
async def fulfill(order_id: str) -> None:
    """read, charge, record, reserve, label, record."""
    await _steps(order_id, 6)


@DBOS.workflow()
async def notify(order_id: str) -> None:
    """Two messages."""
    await _steps(order_id, 2)


@asynccontextmanager
async def _running(ground: Ground) -> AsyncIterator[None]:
    url = ground.database_url.replace("postgresql://", "postgresql+psycopg://")
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
    await asyncio.to_thread(DBOS.launch)
    try:
        yield
    finally:
        await asyncio.to_thread(DBOS.destroy)


async def _order(order_id: str) -> None:
    for workflow in (validate, fulfill, notify):
        with SetWorkflowID(f"{workflow.__name__}-{order_id}"):
            await workflow(order_id)


async def measure_orders(ground: Ground) -> Figures:
    """Measure with 20 orders in flight."""
    ids = order_ids()
    async with _running(ground):
        return await in_flight(ground.scaled(200), lambda: _order(next(ids)))
