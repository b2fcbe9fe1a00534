"""Gauges of all orders and readers, from the database and from Temporal."""

from collections.abc import Iterable
from typing import Final

import asyncpg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from temporalio.client import Client

from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.parking import parked_counts
from eventstore.statements import READER_LAGS
from open_work.failing import of_fleet
from projections.statements import (
    COUNTS_BY_STATUS,
    NEWEST_ORDER,
    OLDEST_OPEN_ORDERS,
    ORDERS_ON_HOLD,
    ORDERS_OWED,
)
from telemetry.audits import audit_state
from telemetry.backlogs import backlogs
from webhooks.statements import PARKED_BY_ENDPOINT, PENDING_BY_ENDPOINT

_STATUSES: Final = ("placed", "confirmed", "paid", "shipped", "cancelled")
_OPEN: Final = ("placed", "confirmed", "paid")

Row = tuple[object, ...]


async def database_state(connection: asyncpg.Connection) -> list[Metric]:
    """Gauges from the database. Raises asyncpg's errors."""
    oldest = dict.fromkeys(_OPEN, 0.0) | await _pairs(connection, OLDEST_OPEN_ORDERS, list(_OPEN))
    owed = await connection.fetch(ORDERS_OWED)
    lags = await connection.fetch(READER_LAGS)
    parked = {DISPATCHER: 0.0} | {row[0]: 0.0 for row in lags}
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
            await connection.fetch(NEWEST_ORDER),
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
            "Events that a reader has parked",
            ["reader"],
            (parked | await parked_counts(connection)).items(),
        ),
        *await _webhooks(connection),
        *await audit_state(connection),
    ]


async def _webhooks(connection: asyncpg.Connection) -> list[Metric]:
    pending = await connection.fetch(PENDING_BY_ENDPOINT)
    parked = await connection.fetch(PARKED_BY_ENDPOINT)
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
    """Gauges from Temporal: of its index, which is some seconds behind, and of the task queues. Raises RPCError, or
    RuntimeError if a lazy client cannot connect."""
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
        *await backlogs(client, task_queue),
    ]


def _gauge(name: str, help: str, labels: list[str], rows: Iterable[Iterable[object]]) -> Metric:
    """rows: each the labels' values, then the gauge's."""
    family = GaugeMetricFamily(name, help, labels=labels)
    for row in rows:
        *values, value = row
        family.add_metric([str(each) for each in values], float(str(value)))
    return family


async def _pairs(connection: asyncpg.Connection, sql: str, *arguments: object) -> dict[str, float]:
    return {name: float(value) for name, value in await connection.fetch(sql, *arguments)}


async def _number(connection: asyncpg.Connection) -> float:
    return float(await connection.fetchval(ORDERS_ON_HOLD, list(_OPEN)))


def _sum(rows: Iterable[asyncpg.Record], column: int) -> float:
    return float(sum(row[column] for row in rows))
