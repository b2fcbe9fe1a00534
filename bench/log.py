"""A long log, made inside the server: what is measured on it is not the append."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import orjson

from tests.integration.projections_harness import REFUNDED, SHIPPED, history

_SLICE: Final = 200_000  # orders of a statement: a sort of ten million would take as much disk as the log
# What has become of a thousand orders, by the steps that followed their placing.
_OUTCOMES: Final[dict[tuple[str, ...], int]] = {
    SHIPPED: 800,
    ("cancel",): 110,
    REFUNDED: 80,
    ("confirm", "pay"): 4,
    ("confirm",): 3,
    (): 3,
}
_EVENTS_PER_ORDER: Final = sum((1 + len(steps)) * share for steps, share in _OUTCOMES.items()) / 1000
# A year of orders, each some seconds after the one before it. Twenty to a customer, and many more to a few of them;
# most are small, some are not; each outcome is as frequent as its place in an array of a thousand.
_ORDERS: Final = """
insert into bench_orders
select n, 'o-' || n, 'c-' || floor(greatest($1 / 20, 1) * power(random(), 2))::int,
       (array['USD', 'USD', 'USD', 'EUR', 'EUR', 'GBP'])[1 + floor(random() * 6)::int],
       100 + floor(50000 * power(random(), 3))::int,
       ($2::int[])[1 + floor(random() * 1000)::int],
       now() - interval '1 minute' - (interval '1 year' / $1) * ($1 - n)
  from generate_series(1, $1::int) n"""
_TABLE: Final = """
create unlogged table bench_orders (n bigint primary key, order_id text not null, customer_id text not null,
    currency text not null, price bigint not null, outcome int not null, placed_at timestamptz not null)"""
_STREAMS: Final = """
insert into eventstore.streams (stream_id, name, version) overriding system value
select o.n, 'order-' || o.order_id, v.version
  from bench_orders o join unnest($1::int[]) with ordinality v (version, outcome) using (outcome) order by o.n"""
_STREAM_IDS: Final = """
select setval(pg_get_serial_sequence('eventstore.streams', 'stream_id'), (select max(n) from bench_orders))"""
_EVENTS: Final = """
insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata, recorded_at)
select nextval('eventstore.event_position'), o.n, e.version, md5(o.n || '-' || e.version)::uuid, e.type, 1,
       replace(replace(replace(replace(replace(replace(e.body, '@order', o.order_id), '@customer', o.customer_id),
           '@currency', o.currency), '@price', o.price::text), '@total', (2 * o.price + 300)::text),
           '@placed', to_char(o.placed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::jsonb,
       '{"actor": "bench"}', o.placed_at + (e.version - 1) * interval '2 seconds'
  from bench_orders o
  join unnest($1::int[], $2::int[], $3::text[], $4::text[]) e (outcome, version, type, body) using (outcome)
 where o.n > $5 and o.n <= $5 + $6
 order by o.n, e.version"""
_CONSTRAINTS: Final = """
select conname, pg_get_constraintdef(oid) from pg_constraint
 where conrelid = $1::text::regclass and contype in ('p', 'u') order by contype"""
_INDEXES: Final = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
 where i.indrelid = $1::text::regclass
   and not exists (select from pg_constraint c where c.conindid = i.indexrelid)"""


def bodies() -> list[tuple[str, str]]:
    """Type and data of each event of an order that ships; `@order` and `@customer` stand for the ids."""
    events = history("@order", *SHIPPED, customer="@customer")
    return [(each.event_type, orjson.dumps(each.model_dump(mode="json", by_alias=True)).decode()) for each in events]


async def fill(dsn: str, events: int) -> int:
    """Fill an empty log, as the owner; how many events it then has, about as many as asked for."""
    return await fill_orders(dsn, max(1, round(events / _EVENTS_PER_ORDER)))


async def fill_orders(dsn: str, orders: int) -> int:
    """Fill an empty log with so many orders, the same ones each time; how many events it then has. dsn: the owner's."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set work_mem = '256MB'; set maintenance_work_mem = '256MB'; select setseed(0.5)")
        await connection.execute(_TABLE)
        outcomes = [number for number, share in enumerate(_OUTCOMES.values(), 1) for _ in range(share)]
        await connection.execute(_ORDERS, orders, outcomes)
        await connection.execute("analyze bench_orders")
        await connection.execute(_STREAMS, [1 + len(steps) for steps in _OUTCOMES])
        await connection.execute(_STREAM_IDS)
        async with _bare_events(connection):
            for first in range(0, orders, _SLICE):
                await connection.execute(_EVENTS, *zip(*_samples(), strict=True), first, _SLICE)
        await connection.execute("drop table bench_orders")
        await connection.execute("vacuum analyze eventstore.events")
        await connection.execute("vacuum analyze eventstore.streams")
        return int(await connection.fetchval("select count(*) from eventstore.events"))
    finally:
        await connection.close()


@asynccontextmanager
async def _bare_events(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """The log without indexes and checks of foreign keys while the block runs: rows come in several times as fast."""
    table = "eventstore.events"
    constraints = await connection.fetch(_CONSTRAINTS, table)
    indexes = await connection.fetch(_INDEXES, table)
    for name, _ in constraints:
        await connection.execute(f"alter table {table} drop constraint {name}")
    for name, _ in indexes:
        await connection.execute(f"drop index {name}")
    await connection.execute("set session_replication_role = replica")
    yield
    await connection.execute("set session_replication_role = origin")
    for name, definition in constraints:
        await connection.execute(f"alter table {table} add constraint {name} {definition}")
    for _, definition in indexes:
        await connection.execute(definition)


def _samples() -> list[tuple[int, int, str, str]]:
    """Outcome, version, type and data of every event of every outcome."""
    return [
        (outcome, version, event.event_type, _template(event.model_dump_json(by_alias=True)))
        for outcome, steps in enumerate(_OUTCOMES, 1)
        for version, event in enumerate(history("@order", *steps, customer="@customer"), 1)
    ]


def _template(body: str) -> str:
    for ours, its in (
        ('"EUR"', '"@currency"'),
        (":500", ":@price"),
        (":1300", ":@total"),
        ("2026-01-31T09:30:00Z", "@placed"),
    ):
        body = body.replace(ours, its)
    return body
