"""A store with many orders, and the read models that its log makes, each by one statement instead of event by event."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.log import bare_table, fill_orders
from bench.side import Ground
from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.migrate import migrate
from projections import PROJECTIONS
from webhooks.endpoints import READER as WEBHOOKS

_DASHBOARD: Final = """
insert into projections.order_dashboard
    (order_id, customer_id, status, payment_state, currency, total, units, amount_paid, amount_refunded, reason, cancelled_by,
     tracking_number, carrier, placed_at, updated_at, confirmed_at, paid_at, shipped_at, cancelled_at, refunded_at,
     placed_position, position)
select o.order_id, o.customer_id,
       case when shipped is not null then 'shipped' when cancelled is not null then 'cancelled'
            when paid is not null then 'paid' when confirmed is not null then 'confirmed' else 'placed' end,
       case when refunded is not null then 'refunded' when paid is not null then 'paid' else 'none' end,
       o.currency, total, 2, case when paid is null then 0 else total end, case when refunded is null then 0 else total end,
       case when cancelled is not null then 'changed my mind' end, case when cancelled is not null then 'customer' end,
       case when shipped is not null then 'T-' || o.order_id end, case when shipped is not null then 'post' end,
       o.placed_at, updated, confirmed, paid, shipped, cancelled, refunded, first, last
  from bench_orders o
  join (select stream_id, min(position) as first, max(position) as last, max(recorded_at) as updated,
               max(recorded_at) filter (where type = 'order.confirmed') as confirmed,
               max(recorded_at) filter (where type = 'order.paid') as paid,
               max(recorded_at) filter (where type = 'order.shipped') as shipped,
               max(recorded_at) filter (where type = 'order.cancelled') as cancelled,
               max(recorded_at) filter (where type = 'order.refunded') as refunded
          from eventstore.events group by stream_id) e on e.stream_id = o.n
 cross join lateral (select 2 * o.price + 300 as total) t
 order by first"""
# An order that is confirmed has no event of this projection after its placing.
_CUSTOMERS: Final = """
insert into projections.customer_orders
    (customer_id, currency, order_count, shipped_count, cancelled_count, total_spend, first_order_at, last_order_at, position)
select customer_id, currency, count(*), count(*) filter (where status = 'shipped'),
       count(*) filter (where status = 'cancelled'), coalesce(sum(amount_paid) filter (where status <> 'cancelled'), 0),
       min(placed_at), max(placed_at), max(case status when 'confirmed' then placed_position else position end)
  from projections.order_dashboard group by customer_id, currency"""
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
    """Make the schema in an empty database, and fill the log and both read models. dsn: the owner's."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await fill_orders(connection, orders)
        async with bare_table(connection, "projections.order_dashboard"):
            await connection.execute(_DASHBOARD)
        await connection.execute(_CUSTOMERS)
        await connection.execute("drop table bench_orders")
        for table in ("order_dashboard", "customer_orders"):
            await connection.execute(f"vacuum analyze projections.{table}")
    finally:
        await connection.close()


def _beside(ground: Ground, database: str) -> Ground:
    """The same ground with another database of the same server."""
    parts = urlsplit(ground.database_url)
    return replace(ground, database_url=urlunsplit(parts._replace(path=f"/{database}")))
