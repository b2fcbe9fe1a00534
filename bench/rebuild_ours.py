"""Rebuild of both read models from the whole log."""

import time

from bench.log import fill
from bench.side import Figures, Ground, cpu_milliseconds
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams.handling import order_codec
from projections import PROJECTIONS
from projections.rebuild import rebuild


async def measure(ground: Ground) -> Figures:
    """events_per_s of the log, both read models made in one pass, and this process's CPU per event in microseconds."""
    count = await fill(ground.database_url, ground.scaled(1_000_000, least=10_000))
    async with open_pool(ground.database_url) as pool:
        store, codec = EventStore(pool, Wakeup(pool)), order_codec()
        began, before = time.perf_counter(), cpu_milliseconds()
        await rebuild(pool, store, codec, PROJECTIONS, lambda *_: None)
        seconds, cpu = time.perf_counter() - began, cpu_milliseconds() - before
    return {"events_per_s": count / seconds, "cpu_us_per_event": cpu * 1000 / count}
