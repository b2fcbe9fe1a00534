"""A log of many orders: bytes for each event by table and index, the time of a vacuum, and of each statement."""

import time
from functools import partial
from typing import Final

import asyncpg

from bench.growth_fill import let_readers_skip
from bench.log import fill_orders
from bench.log_statements import Arguments, LogStatements
from bench.side import Figures, Ground, percentile, times
from eventstore.pool import open_pool

_WARM_UP: Final = 10
_SIZES: Final = """
select c.relname, pg_table_size(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'eventstore' and c.relname in ('events', 'streams')
 union all
select i.indexrelid::regclass::text, pg_relation_size(i.indexrelid) from pg_index i
 where i.indrelid in ('eventstore.events'::regclass, 'eventstore.streams'::regclass)"""


async def _measure(ground: Ground, orders: int) -> Figures:
    """events; seconds of filling and of a vacuum that freezes; bytes per event by table and index; p50 and p99 by statement."""
    orders = ground.scaled(orders, least=100)
    began = time.perf_counter()
    events = await fill_orders(ground.database_url, orders)
    filled = time.perf_counter() - began
    await let_readers_skip(ground.database_url)
    durations = await _statement_times(ground, orders)
    return {
        "events": events,
        "fill_s": filled,
        **await _bytes_per_event(ground.database_url, events),
        "vacuum_freeze_s": await _vacuum(ground.database_url),
        **{f"{name}_p50_ms": percentile(found, 0.5) * 1000 for name, found in durations.items()},
        **{f"{name}_p99_ms": percentile(found, 0.99) * 1000 for name, found in durations.items()},
    }


async def _bytes_per_event(dsn: str, events: int) -> dict[str, float]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_SIZES)
    finally:
        await connection.close()
    sizes = {f"{name.removeprefix('eventstore.')}_bytes": size / events for name, size in rows}
    return sizes | {"all_bytes": sum(sizes.values())}


async def _vacuum(dsn: str) -> float:
    connection = await asyncpg.connect(dsn)
    try:
        began = time.perf_counter()
        await connection.execute("vacuum (freeze, analyze) eventstore.events")
        return time.perf_counter() - began
    finally:
        await connection.close()


async def _statement_times(ground: Ground, orders: int) -> dict[str, list[float]]:
    """Seconds of each call by statement, on a connection as the application has it."""
    found = {}
    async with open_pool(ground.database_url, size=1) as pool:
        head = await pool.fetchval("select eventstore.settled()")
        log = LogStatements(orders, int(head))
        for name, (sql, arguments) in (log.reads() | log.writes()).items():
            ask = partial(_ask, pool, sql, arguments)
            await times(_WARM_UP, ask)
            found[name] = await times(ground.scaled(300, least=200), ask)
    return found


async def _ask(pool: asyncpg.Pool, sql: str, arguments: Arguments) -> None:
    await pool.fetch(sql, *arguments())


async def measure_10m(ground: Ground) -> Figures:
    """Ten million orders."""
    return await _measure(ground, 10_000_000)


async def measure_1m(ground: Ground) -> Figures:
    """A million."""
    return await _measure(ground, 1_000_000)


async def measure_100k(ground: Ground) -> Figures:
    """A hundred thousand."""
    return await _measure(ground, 100_000)
