"""A store with many orders, and the read models that its log makes."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.log import fill_orders
from bench.side import Ground
from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.migrate import migrate
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams.handling import order_codec
from projections import PROJECTIONS
from projections.rebuild import rebuild
from webhooks.endpoints import READER as WEBHOOKS

# Every reader has seen all of the log, and what an earlier round left behind it.
_READERS: Final = """
insert into eventstore.subscriptions (name, position)
select name, (select last_value from eventstore.event_position) from unnest($1::text[]) name
    on conflict (name) do update set position = excluded.position"""


async def filled(ground: Ground, orders: int) -> Ground:
    """A database with so many orders and every reader at its end, filled by the first who asks and kept as long as the server.

    Each round adds some hundred orders to it: to copy gigabytes for every round would take longer than all there is to measure.
    """
    admin = await asyncpg.connect(ground.database_url)
    name, half = f"growth_{orders}", f"growth_{orders}_half"
    try:
        if not await admin.fetchval("select true from pg_database where datname = $1", name):
            await admin.execute(f"create database {half}")
            await fill_store(_beside(ground, half).database_url, orders)
            await admin.execute(f"alter database {half} rename to {name}")
    finally:
        await admin.close()
    found = _beside(ground, name)
    await let_readers_skip(found.database_url)
    return found


async def let_readers_skip(dsn: str) -> None:
    """Every reader that a worker has is at the end of the log: an order placed next is the next that it sees."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_READERS, [DISPATCHER, WEBHOOKS, *(each.name for each in PROJECTIONS)])
    finally:
        await connection.close()


async def fill_store(dsn: str, orders: int) -> None:
    """Make the schema in an empty database, fill the log, and have the read models rebuilt from it. dsn: the owner's."""
    await migrate(dsn)
    await fill_orders(dsn, orders)
    async with open_pool(dsn) as pool:
        store, codec = EventStore(pool, Wakeup(pool)), order_codec()
        await rebuild(pool, store, codec, PROJECTIONS, lambda *_: None)
    connection = await asyncpg.connect(dsn)
    try:
        for projection in PROJECTIONS:
            await connection.execute(f"vacuum analyze projections.{projection.table}")
    finally:
        await connection.close()


def _beside(ground: Ground, database: str) -> Ground:
    """The same ground with another database of the same server."""
    parts = urlsplit(ground.database_url)
    return replace(ground, database_url=urlunsplit(parts._replace(path=f"/{database}")))
