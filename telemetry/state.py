"""How all orders and readers stand, as gauges: what the database says, and what Temporal says."""

from collections.abc import Iterable
from typing import Final

import asyncpg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from temporalio.client import Client

from open_work.failing import of_fleet
from projections.statements import COUNTS_BY_STATUS
from telemetry.audits import audit_state

_STATUSES: Final = ("placed", "confirmed", "paid", "shipped", "cancelled")
_OPEN: Final = ("placed", "confirmed", "paid")
# For each open status the first row of order_dashboard_by_status that is not on hold, then the event by its primary key.
_OLDEST: Final = """
select s.status, extract(epoch from clock_timestamp() - e.recorded_at)::float
  from unnest($1::text[]) s (status)
 cross join lateral (select o.placed_position from projections.order_dashboard o
                      where o.status = s.status and o.hold_reason is null order by o.placed_position limit 1) o
  join eventstore.events e on e.position = o.placed_position"""
# The last row of the partial index order_dashboard_newest, then the event by its primary key.
_NEWEST: Final = """
select extract(epoch from clock_timestamp() - e.recorded_at)::float
  from (select placed_position from projections.order_dashboard
         where placed_position > 0 order by placed_position desc limit 1) o
  join eventstore.events e on e.position = o.placed_position"""
# All of the partial index order_dashboard_on_hold.
_ON_HOLD: Final = """
select count(*) from projections.order_dashboard where hold_reason is not null and status = any ($1)"""
# All of the partial index order_dashboard_owed.
_OWED: Final = """
select currency, count(*), sum(amount_paid - amount_refunded)::float,
       extract(epoch from clock_timestamp() - min(cancelled_at))::float
  from projections.order_dashboard where status = 'cancelled' and payment_state = 'paid' group by currency"""
# The events' primary key, twice for each reader; it stops counting where a reader is further behind than anybody would count.
_LAGS: Final = """
select s.name,
       (select count(*) from (select from eventstore.events e where e.position > s.position limit 100000) behind),
       coalesce((select extract(epoch from clock_timestamp() - e.recorded_at)::float from eventstore.events e
                  where e.position > s.position order by e.position limit 1), 0)
  from eventstore.subscriptions s"""
# Both tables whole, which are as small as what is wrong.
_PARKED: Final = """
select 'dispatcher', count(*) from dispatcher.parked
 union all select projection, count(*) from projections.parked group by projection"""
# Index deliveries_pending. What waits for a disabled endpoint is not late. Every endpoint is counted, also where that is 0.
_WEBHOOKS_PENDING: Final = """
select e.id, count(d.endpoint_id),
       coalesce(extract(epoch from clock_timestamp() - min(d.since) filter (where e.enabled))::float, 0)
  from webhooks.endpoints e left join webhooks.deliveries d on d.endpoint_id = e.id and d.state = 'pending' group by e.id"""
# Index deliveries_by_state.
_WEBHOOKS_PARKED: Final = """
select e.id, count(d.endpoint_id)
  from webhooks.endpoints e left join webhooks.deliveries d on d.endpoint_id = e.id and d.state = 'parked' group by e.id"""

Row = tuple[object, ...]


async def database_state(connection: asyncpg.Connection) -> list[Metric]:
    """The gauges that the database knows. Raises asyncpg's errors."""
    oldest = dict.fromkeys(_OPEN, 0.0) | await _pairs(connection, _OLDEST, list(_OPEN))
    owed = await connection.fetch(_OWED)
    lags = await connection.fetch(_LAGS)
    readers = {"dispatcher": 0.0} | {row[0]: 0.0 for row in lags}
    return [
        _gauge(
            "orders_state_orders",
            "Orders by status, as the order-dashboard has them",
            ["status"],
            (dict.fromkeys(_STATUSES, 0.0) | await _pairs(connection, COUNTS_BY_STATUS)).items(),
        ),
        _gauge(
            "orders_state_oldest_seconds",
            "Since the placing of the order that is longest in an open status and not on hold; 0 where there is none",
            ["status"],
            oldest.items(),
        ),
        _gauge(
            "orders_state_newest_order_seconds",
            "Since the placing of the newest order; nothing where none was placed yet",
            [],
            await connection.fetch(_NEWEST),
        ),
        _gauge("orders_state_on_hold_orders", "Open orders on hold", [], [(await _number(connection),)]),
        _gauge("orders_state_owed_orders", "Cancelled orders whose money has not gone back", [], [(_sum(owed, 1),)]),
        _gauge(
            "orders_state_owed_minor_units",
            "That money, in minor units of its currency",
            ["currency"],
            [(row[0], row[2]) for row in owed],
        ),
        _gauge(
            "orders_state_owed_oldest_seconds",
            "Since the cancellation of the order to which money is owed for longest; 0 where none is",
            [],
            [(max((row[3] for row in owed), default=0.0),)],
        ),
        _gauge(
            "orders_reader_lag_events",
            "Events that a reader of the log has yet to see, 100000 at most",
            ["reader"],
            [(row[0], row[1]) for row in lags],
        ),
        _gauge(
            "orders_reader_lag_seconds",
            "Age of the oldest event that a reader has yet to see; 0 where it has seen all",
            ["reader"],
            [(row[0], row[2]) for row in lags],
        ),
        _gauge(
            "orders_state_parked_events",
            "Events that a reader has set aside",
            ["reader"],
            (readers | await _pairs(connection, _PARKED)).items(),
        ),
        *await _webhooks(connection),
        *await audit_state(connection),
    ]


async def _webhooks(connection: asyncpg.Connection) -> list[Metric]:
    pending = await connection.fetch(_WEBHOOKS_PENDING)
    parked = await connection.fetch(_WEBHOOKS_PARKED)
    return [
        _gauge(
            "orders_webhooks_pending", "Deliveries that wait, by endpoint", ["endpoint"], [row[:2] for row in pending]
        ),
        _gauge(
            "orders_webhooks_oldest_pending_seconds",
            "Age of the oldest delivery that waits for an endpoint which is not disabled",
            ["endpoint"],
            [(row[0], row[2]) for row in pending],
        ),
        _gauge(
            "orders_webhooks_parked",
            "Deliveries that were given up and wait for a person, by endpoint",
            ["endpoint"],
            [tuple(row) for row in parked],
        ),
    ]


async def temporal_state(client: Client, task_queue: str) -> list[Metric]:
    """The gauges that Temporal's index knows, some seconds behind. Raises RPCError, or RuntimeError where a lazy client
    finds nobody."""
    running = f"ExecutionStatus = 'Running' AND {of_fleet(task_queue)}"
    undoing = f"{running} AND WorkflowType = 'fulfill-order' AND OrderStatus = 'cancelled'"
    attention = (await client.count_workflows(f"{running} AND NeedsAttention = true")).count
    compensations = (await client.count_workflows(undoing)).count
    failing = (await client.count_workflows(f"{undoing} AND NeedsAttention = true")).count
    return [
        _gauge("orders_state_attention_orders", "Workflows one of whose steps keeps failing", [], [(attention,)]),
        _gauge("orders_state_compensating_orders", "Cancelled orders that are being undone", [], [(compensations,)]),
        _gauge(
            "orders_state_compensations_failing_orders",
            "Those of them at which undoing a step keeps failing",
            [],
            [(failing,)],
        ),
    ]


def _gauge(name: str, told: str, labels: list[str], rows: Iterable[Iterable[object]]) -> Metric:
    """rows: each the labels' values, then the gauge's."""
    family = GaugeMetricFamily(name, told, labels=labels)
    for row in rows:
        *values, value = row
        family.add_metric([str(each) for each in values], float(str(value)))
    return family


async def _pairs(connection: asyncpg.Connection, sql: str, *arguments: object) -> dict[str, float]:
    return {name: float(value) for name, value in await connection.fetch(sql, *arguments)}


async def _number(connection: asyncpg.Connection) -> float:
    return float(await connection.fetchval(_ON_HOLD, list(_OPEN)))


def _sum(rows: Iterable[asyncpg.Record], column: int) -> float:
    return float(sum(row[column] for row in rows))
