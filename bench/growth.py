"""A store with a thousand, a hundred thousand and a million orders: what one more order costs in it, and each question."""

import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import orjson

from bench.append_rate import rate
from bench.dispatch import latencies
from bench.growth_fill import filled
from bench.growth_queries import query_times
from bench.log import bodies
from bench.orders_ours import measure_single
from bench.side import Figures, Ground, milliseconds, percentile, times
from eventstore.model import ANY, NewEvent
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup

_WARM_UP: Final = 20
_RECENT: Final = 1_000  # orders that something still happens to: traffic is at these, however many there were before


async def _measure(ground: Ground, orders: int) -> Figures:
    """p50 of an append, reads, dispatch and a whole order, p99 of each query and of the slowest; all in milliseconds."""
    orders = ground.scaled(orders, least=100)
    store = await filled(ground, orders)
    queries = await query_times(store, orders)
    figures = {f"{name}_p99_ms": percentile(durations, 0.99) * 1000 for name, durations in queries.items()}
    return {
        **await _reads(store, orders),
        "order_p50_ms": (await measure_single(store))["p50_ms"],
        "dispatch_p50_ms": (await latencies(store, 1, ground.scaled(300)))["p50_ms"],
        "append_p50_ms": await _append(store, orders),
        "slowest_query_p99_ms": max(figures.values()),
        **figures,
    }


async def _append(ground: Ground, orders: int) -> float:
    """One event at a time to orders that are recent."""
    type_, body = bodies()[-1]
    data, newest = orjson.loads(body), min(orders, _RECENT)
    async with open_pool(ground.database_url, size=1) as pool:
        store = EventStore(pool, Wakeup(pool))

        async def write(number: int) -> None:
            event = NewEvent(id=uuid.uuid4(), type=type_, data=data)
            await store.append(f"order-o-{orders - number % newest}", [event], expected=ANY)

        figures = await rate(ground.scaled(2_000), [write])
        await store.wakeup.flush()
    return figures["p50_ms"]


async def _reads(ground: Ground, orders: int) -> dict[str, float]:
    """A page of the whole log from anywhere in it, and the stream of an order: of a recent one, and of any."""
    any_, newest = random.Random(1), min(orders, _RECENT)
    async with open_pool(ground.database_url, size=1) as pool:
        store = EventStore(pool, Wakeup(pool))
        head = await store.head()
        return {
            "page_p50_ms": await _p50(ground, lambda: store.read_all(after=any_.randrange(max(1, head - 500)))),
            "stream_p50_ms": await _p50(
                ground, lambda: store.read_stream(f"order-o-{orders - any_.randrange(newest)}")
            ),
            "old_stream_p50_ms": await _p50(ground, lambda: store.read_stream(f"order-o-{1 + any_.randrange(orders)}")),
        }


async def _p50(ground: Ground, read: Callable[[], Awaitable[object]]) -> float:
    await times(_WARM_UP, read)
    return milliseconds(await times(ground.scaled(500), read))["p50_ms"]


async def measure_1k(ground: Ground) -> Figures:
    """A thousand orders."""
    return await _measure(ground, 1_000)


async def measure_100k(ground: Ground) -> Figures:
    """A hundred thousand."""
    return await _measure(ground, 100_000)


async def measure_1m(ground: Ground) -> Figures:
    """A million."""
    return await _measure(ground, 1_000_000)
