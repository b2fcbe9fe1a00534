"""Bare Temporal: three empty workflows one after the other, on the same server, started as our dispatcher starts them."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench.bare_workflows import BARE, step
from bench.side import Figures, Ground, cpu_seconds, milliseconds

_QUEUE: Final = "bare"
_WARM_UP: Final = 20
_IN_FLIGHT: Final = 20


@asynccontextmanager
async def _running(ground: Ground) -> AsyncIterator[Client]:
    client = await Client.connect(ground.temporal_address, data_converter=pydantic_data_converter)
    runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("bench"))
    async with Worker(client, task_queue=_QUEUE, workflows=BARE, activities=[step], workflow_runner=runner):
        yield client


async def _order(client: Client, run: str, number: int) -> None:
    for bare in BARE:
        handle = await client.start_workflow(
            bare.run, f"order-{number}", id=f"{bare.__name__}-{run}-{number}", task_queue=_QUEUE,
            request_eager_start=True,
        )  # fmt: skip
        await handle.result()


async def measure_orders(ground: Ground) -> Figures:
    """orders_per_s and cpu_ms_per_order of this process, 20 in flight."""
    count, numbers, run = ground.scaled(300), itertools.count(), str(time.time_ns())
    async with _running(ground) as client:
        free = asyncio.Semaphore(_IN_FLIGHT)

        async def one() -> None:
            async with free:
                await _order(client, run, next(numbers))

        await asyncio.gather(*(one() for _ in range(_WARM_UP)))
        began, cpu = time.perf_counter(), cpu_seconds()
        await asyncio.gather(*(one() for _ in range(count)))
        seconds, used = time.perf_counter() - began, cpu_seconds() - cpu
    return {"orders_per_s": count / seconds, "cpu_ms_per_order": used / count * 1000}


async def measure_single(ground: Ground) -> Figures:
    """p50_ms and p99_ms of one order at a time."""
    durations, run = [], str(time.time_ns())
    async with _running(ground) as client:
        for number in range(_WARM_UP + ground.scaled(60)):
            began = time.perf_counter()
            await _order(client, run, number)
            durations.append(time.perf_counter() - began)
    return milliseconds(durations[_WARM_UP:])
