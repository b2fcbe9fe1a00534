"""Catch-up: the whole log, page by page, each event decoded into its type."""

import time

from bench.log import fill
from bench.side import Figures, Ground
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams.handling import order_codec


async def measure(ground: Ground) -> Figures:
    """events_per_s."""
    count = await fill(ground.database_url, ground.scaled(1_000_000, least=10_000))
    codec, seen = order_codec(), 0
    async with open_pool(ground.database_url) as pool:
        store, began = EventStore(pool, Wakeup(pool)), time.perf_counter()
        async for page in store.pages(limit=1_000):
            for recorded in page.events:
                codec.decode(recorded)
            seen += len(page.events)
        seconds = time.perf_counter() - began
    assert seen == count
    return {"events_per_s": count / seconds}
