"""One event at a time into 10,000 streams of our event store."""

import asyncio
import time
import uuid
from typing import Final

import orjson

from bench.log import bodies
from bench.side import Figures, Ground, milliseconds
from bootstrap import open_pool
from eventstore.model import ANY, NewEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup

STREAMS: Final = 10_000


async def append(ground: Ground, count: int, at_once: int) -> Figures:
    """events_per_s, p50_ms and p99_ms of `count` appends, `at_once` in flight."""
    type_, body = bodies()[-1]
    data, durations = orjson.loads(body), list[float]()
    async with open_pool(ground.database_url, size=at_once) as pool:
        store = EventStore(pool, Wakeup(pool))

        async def some(share: int) -> None:
            for number in range(share):
                event = NewEvent(id=uuid.uuid4(), type=type_, data=data)
                began = time.perf_counter()
                await store.append(f"order-{(number * 7919 + id(durations)) % STREAMS}", [event], expected=ANY)
                durations.append(time.perf_counter() - began)

        await asyncio.gather(*(some(20) for _ in range(at_once)))
        durations.clear()
        began = time.perf_counter()
        await asyncio.gather(*(some(count // at_once) for _ in range(at_once)))
        seconds = time.perf_counter() - began
        await store.wakeup.flush()
    return {"events_per_s": len(durations) / seconds} | milliseconds(durations)


async def measure_one(ground: Ground) -> Figures:
    """One append at a time."""
    return await append(ground, ground.scaled(5_000), 1)


async def measure_many(ground: Ground) -> Figures:
    """32 appends at once."""
    return await append(ground, ground.scaled(20_000, least=640), 32)
