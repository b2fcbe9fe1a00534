"""Memory of a serving process: at rest, and after a growing number of orders."""

import asyncio
import os
from typing import Final

from bench.orders_scale_out import ALL, served_by
from bench.processes import memory_megabytes
from bench.side import Figures, Ground, LeftOut, run_orders

_REST: Final = 3.0  # seconds after the last order; its last workflow has then ended and the pools are quiet


async def measure(ground: Ground) -> Figures:
    """at_rest_mb, after_N_mb, peak_mb; growth: the last of them over the first one after orders. Raises LeftOut."""
    if not memory_megabytes(os.getpid()):
        raise LeftOut("needs /proc")
    figures, done = dict[str, float](), 0
    async with served_by(ground, ALL) as ([process], order):
        figures["at_rest_mb"] = await _held(process.pid)
        for total in (ground.scaled(each) for each in (1_000, 5_000, 10_000)):
            await run_orders(total - done, order)
            figures[f"after_{total}_mb"], done = await _held(process.pid), total
        figures["peak_mb"] = memory_megabytes(process.pid)["peak"]
    after = [value for name, value in figures.items() if name.startswith("after_")]
    return figures | {"growth": after[-1] / after[0]}


async def _held(pid: int) -> float:
    await asyncio.sleep(_REST)
    return memory_megabytes(pid)["now"]
