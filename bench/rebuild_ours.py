"""Both read models built anew from the whole log."""

import time

from bench.log import fill
from bench.side import Figures, Ground
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams import order_codec
from projections import PROJECTIONS
from projections.rebuild import rebuild


async def measure(ground: Ground) -> Figures:
    """events_per_s over both, and of each."""
    count = await fill(ground.database_url, ground.scaled(1_000_000, least=10_000))
    figures = {}
    async with open_pool(ground.database_url) as pool:
        store, codec, began = EventStore(pool, Wakeup(pool)), order_codec(), time.perf_counter()
        for projection in PROJECTIONS:
            started = time.perf_counter()
            await rebuild(pool, store, codec, projection, lambda *_: None)
            figures[f"{projection.name}_per_s"] = count / (time.perf_counter() - started)
        seconds = time.perf_counter() - began
    return {"events_per_s": len(PROJECTIONS) * count / seconds} | figures
