"""How long one turn of the event loop takes, in CPU time of its own thread: other processes do not count."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class Lag:
    """longest: seconds of CPU time of the longest turn."""

    longest: float = 0.0


@contextlib.asynccontextmanager
async def loop_lag() -> AsyncIterator[Lag]:
    """The longest turn of the loop while the block runs. What garbage there is before counts for nobody."""
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
