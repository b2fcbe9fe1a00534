"""Bare Temporal: three empty workflows one after the other, on the same server, started as our dispatcher starts them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench.bare_workflows import BARE, step
from bench.side import Figures, Ground, in_flight, one_at_a_time, order_ids

_QUEUE: Final = "bare"


@asynccontextmanager
async def _running(ground: Ground) -> AsyncIterator[Client]:
    client = await Client.connect(ground.temporal_address, data_converter=pydantic_data_converter)
    runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("bench"))
    async with Worker(client, task_queue=_QUEUE, workflows=BARE, activities=[step], workflow_runner=runner):
        yield client


def _orders(client: Client) -> Callable[[], Awaitable[object]]:
    ids = order_ids()

    async def order() -> None:
        order_id = next(ids)
        for bare in BARE:
            handle = await client.start_workflow(
                bare.run,
                order_id,
                id=f"{bare.__name__}-{order_id}",
                task_queue=_QUEUE,
                request_eager_start=True,
            )
            await handle.result()

    return order


async def measure_orders(ground: Ground) -> Figures:
    """20 in flight."""
    async with _running(ground) as client:
        return await in_flight(ground.scaled(300), _orders(client))


async def measure_single(ground: Ground) -> Figures:
    """One order at a time."""
    async with _running(ground) as client:
        return await one_at_a_time(ground.scaled(60), _orders(client))
