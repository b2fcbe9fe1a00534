"""Orders placed at once by an import, and orders of customers behind them."""

import asyncio
import statistics
import time

from bench.orders_ours import AnyOrder, in_this_process
from bench.side import Figures, Ground, in_flight, own_and_servers_cpu, run_orders

_STEADY = 300
_CUSTOMERS = 5


async def measure(ground: Ground) -> Figures:
    """interactive_s: the longest of five orders one after another behind the import, from placed to ended; alone_s: an order
    without an import. throughput: orders per second of the import beside a steady rate, one after the other in one process;
    cpu: processor time of an order likewise, of this process and the servers, which other work on the machine disturbs less."""
    async with in_this_process(ground) as order:
        await run_orders(20, order)
        alone = await _seconds(order)
        steady = await in_flight(ground.scaled(_STEADY), order)
        burst = await _burst(ground.scaled(2_000), order)
    cpu = _cpu(burst) / _cpu(steady)
    rates = {"steady_per_s": steady["orders_per_s"], "throughput": burst["orders_per_s"] / steady["orders_per_s"]}
    return {"alone_s": alone, **burst, **rates, "cpu": cpu}


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
