"""One event at a time into 2,000 streams of our event store."""

import uuid

import orjson

from bench.append_rate import STREAMS, measures_of, rate
from bench.log import bodies
from bench.side import Figures, Ground
from eventstore.model import ANY, NewEvent
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup


async def append(ground: Ground, count: int, at_once: int) -> Figures:
    """events_per_s, p50_ms and p99_ms of `count` appends, `at_once` in flight."""
    type_, body = bodies()[-1]
    data = orjson.loads(body)
    async with open_pool(ground.database_url) as pool:
        store = EventStore(pool, Wakeup(pool))

        async def write(number: int) -> None:
            event = NewEvent(id=uuid.uuid4(), type=type_, data=data)
            await store.append(f"order-{number % STREAMS}", [event], expected=ANY)

        figures = await rate(count, [write] * at_once)
        await store.wakeup.flush()
    return figures


measure_one, measure_many = measures_of(append)
