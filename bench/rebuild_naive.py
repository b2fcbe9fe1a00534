"""A runner with one upsert per event and a transaction per 500 events, as is usually written first."""

import time
from typing import Final

import asyncpg

from bench.log import fill
from bench.side import Figures, Ground
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams.handling import order_codec
from orders.events import OrderPlaced

_TABLE: Final = """
create table naive (order_id text primary key, customer_id text not null, status text not null, total bigint,
    updated_at timestamptz not null, position bigint not null)"""
_UPSERT: Final = """
insert into naive values ($1, $2, $3, $4, $5, $6) on conflict (order_id) do update
   set status = excluded.status, total = coalesce(excluded.total, naive.total), updated_at = excluded.updated_at,
       position = excluded.position"""


async def measure(ground: Ground) -> Figures:
    """events_per_s of one read model; a few of the events, as it goes at one speed throughout."""
    count = await fill(ground.database_url, ground.scaled(30_000, least=3_000))
    codec, seen, position = order_codec(), 0, 0
    async with open_pool(ground.database_url) as pool:
        store = EventStore(pool, Wakeup(pool))
        connection = await asyncpg.connect(ground.database_url)
        try:
            await connection.execute(_TABLE)
            began = time.perf_counter()
            while seen < count:
                page = await store.read_all(after=position, limit=500)
                async with connection.transaction():
                    for recorded in page.events:
                        event = codec.decode(recorded)
                        status, total = recorded.type.removeprefix("order."), None
                        if isinstance(event, OrderPlaced):
                            total = event.total
                        await connection.execute(
                            _UPSERT, event.order_id, event.customer_id, status, total, recorded.recorded_at,
                            recorded.position,
                        )  # fmt: skip
                seen, position = seen + len(page.events), page.position
            seconds = time.perf_counter() - began
        finally:
            await connection.close()
    return {"events_per_s": count / seconds}
