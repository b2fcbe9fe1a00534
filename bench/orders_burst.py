"""Orders placed at once by an import, and orders of customers behind them."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from bench.orders_ours import AnyOrder, in_this_process
from bench.side import Figures, Ground, in_flight, own_and_servers_cpu, run_orders
from orders.names import workflow_id
from workflows.model import FULFILL_ORDER

_STEADY: Final = 300
_CUSTOMERS: Final = 5
_SAMPLE: Final = 50


async def measure(ground: Ground) -> Figures:
    """interactive_s: the longest of five orders one after another behind the import, from placed to ended; alone_s: an order
    without an import. throughput, cpu: orders per second and processor time of an order in the import, beside the mean of a
    steady rate before and after it, in the same process: a machine that slows down in the meantime, or a server with more
    runs, is not the import's. late_tasks: workflow tasks of a fulfillment, on average, that its worker had no time for."""
    async with in_this_process(ground) as order:
        ids, imported = list[str](), list[str]()
        await run_orders(20, order)
        alone = await _seconds(order)
        before = await in_flight(ground.scaled(_STEADY), _recorded(order, ids))
        burst = await _burst(ground.scaled(2_000), _recorded(order, imported))
        after = await in_flight(ground.scaled(_STEADY), _recorded(order, ids))
    steady = {name: (before[name] + after[name]) / 2 for name in before}
    late = {"late_tasks": await _late_tasks(ground, imported), "steady_late_tasks": await _late_tasks(ground, ids)}
    rates = {"steady_per_s": steady["orders_per_s"], "throughput": burst["orders_per_s"] / steady["orders_per_s"]}
    return {"alone_s": alone, **burst, **rates, "cpu": _cpu(burst) / _cpu(steady), **late}


def _recorded(order: AnyOrder, ids: list[str]) -> AnyOrder:
    async def recorded(**options: object) -> str:
        ids.append(await order(**options))
        return ids[-1]

    return recorded


async def _late_tasks(ground: Ground, ids: Sequence[str]) -> float:
    """Per fulfillment of some of the orders; each such task is scheduled again, for any worker."""
    client, sample = await Client.connect(ground.temporal_address), ids[:: max(1, len(ids) // _SAMPLE)]
    histories = [await client.get_workflow_handle(workflow_id(FULFILL_ORDER, each)).fetch_history() for each in sample]
    late = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
    return sum(event.event_type == late for history in histories for event in history.events) / len(sample)


def _cpu(figures: Figures) -> float:
    return sum(figures.get(name, 0.0) for name in ("cpu_ms_per_order", "server_cpu_ms", "database_cpu_ms"))


async def _burst(count: int, order: AnyOrder) -> dict[str, float]:
    began, before = time.perf_counter(), own_and_servers_cpu()
    async with asyncio.TaskGroup() as group:
        placed = [asyncio.Event() for _ in range(count)]
        for each in placed:
            group.create_task(order(bulk=True, placed=each))
        for each in placed:
            await each.wait()
        placed_in = time.perf_counter() - began
        behind = [await _seconds(order) for _ in range(_CUSTOMERS)]
    took, after = time.perf_counter() - began, own_and_servers_cpu()
    waited = {"interactive_s": max(behind), "interactive_p50_s": statistics.median(behind)}
    used = {name: (after[name] - before[name]) / (count + _CUSTOMERS) for name in before}
    return {"placed_s": placed_in, "orders_per_s": (count + _CUSTOMERS) / took, **waited, **used}


async def _seconds(order: AnyOrder) -> float:
    began = time.perf_counter()
    await order()
    return time.perf_counter() - began
