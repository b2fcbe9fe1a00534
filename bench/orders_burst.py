"""Orders placed at once by an import, and orders of customers behind them."""

import asyncio
import statistics
import time

from bench.orders_ours import AnyOrder, in_this_process
from bench.side import Figures, Ground, run_orders

_STEADY = 300
_CUSTOMERS = 5


async def measure(ground: Ground) -> Figures:
    """interactive_s: the longest of five orders one after another behind the import, from placed to ended; alone_s: an order
    without an import. throughput: orders per second of the import beside a steady rate, one after the other in one process."""
    async with in_this_process(ground) as order:
        await run_orders(20, order)
        alone = await _seconds(order)
        steady = await _rate(ground.scaled(_STEADY), order)
        return {"alone_s": alone, "steady_per_s": steady} | await _burst(ground.scaled(2_000), order, steady)


async def _burst(count: int, order: AnyOrder, steady: float) -> dict[str, float]:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        placed = [asyncio.Event() for _ in range(count)]
        for each in placed:
            group.create_task(order(bulk=True, placed=each))
        for each in placed:
            await each.wait()
        placed_in = time.perf_counter() - began
        behind = [await _seconds(order) for _ in range(_CUSTOMERS)]
    rate = count / (time.perf_counter() - began)
    waited = {"interactive_s": max(behind), "interactive_p50_s": statistics.median(behind)}
    return {"placed_s": placed_in, "burst_per_s": rate, "throughput": rate / steady, **waited}


async def _rate(count: int, order: AnyOrder) -> float:
    began = time.perf_counter()
    await run_orders(count, order)
    return count / (time.perf_counter() - began)


async def _seconds(order: AnyOrder) -> float:
    began = time.perf_counter()
    await order()
    return time.perf_counter() - began
