"""Duration of one turn of the event loop in CPU time of its own thread: other processes do not count."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class Lag:
    """longest: CPU time of the longest turn, in seconds."""

    longest: float = 0.0


@contextlib.asynccontextmanager
async def loop_lag() -> AsyncIterator[Lag]:
    """Measure the longest turn of the loop while the block runs, after collecting earlier garbage."""
    lag = Lag()
    gc.collect()
    gc.freeze()
    watching = asyncio.create_task(_watch(lag))
    await asyncio.sleep(0)
    try:
        yield lag
    finally:
        await asyncio.sleep(0)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        gc.unfreeze()


async def _watch(lag: Lag) -> None:
    before = time.thread_time()
    while True:
        await asyncio.sleep(0)
        now = time.thread_time()
        lag.longest = max(lag.longest, now - before)
        before = now
