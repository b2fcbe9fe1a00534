"""Search of orders in a read model of a million, made inside the server: each kind of search that page, API and CLI make."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncpg

from bench.side import Figures, Ground, percentile
from eventstore.pool import open_pool
from projections.order_filter import OrderFilter, Period
from projections.queries import Queries

_WARM_UP: Final = 10
_HEAD: Final = 5  # positions for each order
# Few names, cities and SKUs are in many orders, most are in few. Most orders are old and shipped, the open ones are the newest,
# and one in a thousand is on hold.
_FILL: Final = f"""
insert into projections.order_dashboard (order_id, customer_id, customer_name, country, status, payment_state, currency, total,
    units, amount_paid, amount_refunded, amount_settled, tags, metadata, hold_reason, tracking_number, carrier, placed_at,
    updated_at, placed_position, position, search_text)
select 'shop-' || n, 'c-' || customer, 'First' || first || ' Last' || last, country, status,
       case when status in ('placed', 'confirmed') then 'none' when status = 'cancelled' then 'refunded' else 'paid' end,
       (array['USD', 'USD', 'USD', 'EUR', 'EUR', 'GBP'])[1 + n % 6], 100 + floor(1000000 * power(random(), 9))::int,
       2, 0, 0, 0, case when random() < 0.001 then '["vip"]' else '[]' end::jsonb, '{{}}'::jsonb,
       case when random() < 0.001 then 'fraud?' end, case when status = 'shipped' then '1Z' || upper(md5('t' || n)) end, 'post',
       now() - interval '31 seconds' * ($1 - n), now() - interval '31 seconds' * ($1 - n), n * {_HEAD}, n * {_HEAD} + 4,
       concat_ws(' ', '1z' || md5('t' || n), 'pi_' || md5('p' || n), 'c-' || customer, 'shop-' || n, 'shop', n,
                 'first' || first, 'last' || last, house, 'street' || street, 'road',
                 'city' || street % 5000, 10000 + street % 5000, 'sku-' || sku, 'sku', sku)
  from (select n, floor($1 / 20 * power(random(), 2))::int as customer, floor(2000 * power(random(), 3))::int as first,
               floor(30000 * power(random(), 2))::int as last, floor(random() * 200)::int as house,
               floor(random() * $1 / 50)::int as street,
               floor(3000 * power(random(), 2))::int as sku,
               (array['US', 'US', 'US', 'DE', 'DE', 'GB', 'FR', 'IT', 'AT', 'LI'])[1 + floor(10 * power(random(), 1.5))::int]
                   as country,
               case when n > $1 * 0.999 then (array['placed', 'confirmed', 'paid'])[1 + n % 3]
                    when random() < 0.1 then 'cancelled' else 'shipped' end as status
          from generate_series(1, $1::int) n) o"""


async def measure(ground: Ground) -> Figures:
    """p50 and p99 of each kind of search in milliseconds, and the p99 of the slowest kind; with the processor time of the
    database's process beside them, which other programs on the machine change less."""
    orders = ground.scaled(1_000_000, least=1_000)
    await _fill(ground.database_url, orders)
    figures: dict[str, float] = {}
    async with open_pool(ground.database_url, size=1) as pool:
        queries, backend = Queries(pool), int(await pool.fetchval("select pg_backend_pid()"))
        for name, wanted in searches(orders).items():
            for _ in range(_WARM_UP):
                await queries.list_orders(wanted())
            taken = [await _taken(queries, wanted(), backend) for _ in range(ground.scaled(200))]
            for kind, values in zip(("ms", "cpu_ms"), zip(*taken, strict=True), strict=True):
                figures |= {f"{name}_{share}_{kind}": percentile(list(values), share / 100) for share in (50, 99)}
    slowest = {
        kind: max(ms for name, ms in figures.items() if name.endswith(f"_99_{kind}")) for kind in ("ms", "cpu_ms")
    }
    return {"slowest_p99_ms": slowest["ms"], "slowest_p99_cpu_ms": slowest["cpu_ms"], **figures}


async def _taken(queries: Queries, wanted: OrderFilter, backend: int) -> tuple[float, float]:
    """Milliseconds of a search, and of processor time in the database's process, 0 on a machine without /proc."""
    began, before = time.perf_counter(), _cpu_milliseconds(backend)
    await queries.list_orders(wanted)
    return (time.perf_counter() - began) * 1000, _cpu_milliseconds(backend) - before


def _cpu_milliseconds(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        return 0.0


async def _fill(dsn: str, orders: int) -> None:
    """Rows as a rebuild leaves them: in the order of the log, indexed afterwards."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select setseed(0.5); set work_mem = '256MB'; set session_replication_role = replica")
        indexes = await connection.fetch(
            "select indexname, indexdef from pg_indexes where tablename = 'order_dashboard' and indexname not like '%pkey'"
        )
        for name, _ in indexes:
            await connection.execute(f"drop index projections.{name}")
        await connection.execute(_FILL, orders)
        await connection.execute("set maintenance_work_mem = '256MB'")
        for _, definition in indexes:
            await connection.execute(definition)
        await connection.execute("vacuum analyze projections.order_dashboard")
    finally:
        await connection.close()


def searches(orders: int) -> dict[str, Callable[[], OrderFilter]]:
    """Filters by the kind of search, with other values at each call."""
    any_ = random.Random(1)

    def number(most: int, power: int = 1) -> int:
        return int(most * any_.random() ** power)

    def order() -> int:
        return 1 + number(orders)

    return {
        "order_id": lambda: OrderFilter(text=f"SHOP-{order()}"),
        "part_of_order_id": lambda: OrderFilter(text=str(order())),
        "beginning_of_order_id": lambda: OrderFilter(text=f"shop-{number(999)}"),
        "payment_id": lambda: OrderFilter(text=f"pi_{number(16**4):04x}"),
        "tracking_number": lambda: OrderFilter(text=f"1Z{number(16**4):04x}"),
        "name": lambda: OrderFilter(text=f"first{number(2000, 3)} last{number(30_000, 2)}"),
        "last_name": lambda: OrderFilter(text=f"last{number(30_000, 2)}"),
        "beginning_of_name": lambda: OrderFilter(text=f"last{number(99)}"),
        "address": lambda: OrderFilter(text=f"street{(street := number(orders // 50))} city{street % 5000}"),
        "sku": lambda: OrderFilter(text=f"sku-{number(3000, 2)}"),
        "sku_in_statuses": lambda: OrderFilter(
            text=f"sku-{number(3000, 2)}", statuses=("placed", "confirmed", "cancelled")
        ),
        "nothing": lambda: OrderFilter(text=f"absent{order()}"),
        "statuses": lambda: OrderFilter(statuses=("placed", "confirmed")),
        "on_hold": lambda: OrderFilter(on_hold=True),
        "on_hold_country": lambda: OrderFilter(on_hold=True, country="LI"),
        "contradiction": lambda: OrderFilter(statuses=("shipped",), payment="none"),
        "country": lambda: OrderFilter(country=any_.choice(("US", "IT", "LI", "JP"))),
        "country_cancelled": lambda: OrderFilter(country="LI", statuses=("cancelled",), payment="refunded"),
        "large": lambda: OrderFilter(currency="EUR", min_total=900_000 + number(100_000)),
        "range": lambda: OrderFilter(currency="GBP", min_total=(least := number(1_000_000)), max_total=least + 1_000),
        "tag": lambda: OrderFilter(tags=["vip"]),
        "tag_country": lambda: OrderFilter(tags=["vip"], country="LI"),
        "customer": lambda: OrderFilter(customer_id=f"c-{number(orders // 20, 2)}", payment="paid"),
        "name_of_period": lambda: OrderFilter(text=f"last{number(30_000, 2)}", period=Period()),
    }
