"""The tables of totals against the rows that they add up, in one snapshot: triggers keep them, and nobody else counts."""

from dataclasses import dataclass
from typing import Final

import asyncpg

from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD


@dataclass(frozen=True, slots=True)
class _Totals:
    table: str
    kept: str
    counted: str


# Each reads its projection's table whole, as the audit does anyway.
_TOTALS: Final = {
    ORDER_DASHBOARD.name: _Totals(
        "order_counts",
        "select status, orders from projections.order_counts",
        "select status, count(*) from projections.order_dashboard group by status",
    ),
    CUSTOMER_ORDERS.name: _Totals(
        "revenue",
        "select currency, amount from projections.revenue",
        "select currency, sum(total_spend) from projections.customer_orders group by currency",
    ),
}


async def total_faults(connection: asyncpg.Connection, projection: str) -> list[tuple[str, str]]:
    """What is wrong with the totals of a projection: the table with the key, and the problem. No row is a total of 0."""
    totals = _TOTALS.get(projection)
    if totals is None:
        return []
    kept = {key: int(total) for key, total in await connection.fetch(totals.kept)}
    counted = {key: int(total) for key, total in await connection.fetch(totals.counted)}
    return [
        (f"{totals.table} {key}", f"the total is {kept.get(key, 0)} and its rows add up to {counted.get(key, 0)}")
        for key in sorted(kept.keys() | counted.keys())
        if kept.get(key, 0) != counted.get(key, 0)
    ]
