"""Tables of totals, which triggers maintain, compared in one snapshot with the rows that they add up."""

from dataclasses import dataclass
from typing import Final

import asyncpg

from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.statements import ORDER_COUNTS, ORDERS_BY_STATUS, REVENUE, SPEND_BY_CURRENCY


@dataclass(frozen=True, slots=True)
class _Totals:
    table: str
    kept: str
    counted: str


_TOTALS: Final = {
    ORDER_DASHBOARD.name: _Totals("order_counts", ORDER_COUNTS, ORDERS_BY_STATUS),
    CUSTOMER_ORDERS.name: _Totals("revenue", REVENUE, SPEND_BY_CURRENCY),
}


async def total_faults(connection: asyncpg.Connection, projection: str) -> list[tuple[str, str]]:
    """Faults of a projection's totals: the table with the key, and the problem. A missing row is a total of 0."""
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
