"""Pages of the orders that a filter finds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from projections.columns import row_of
from projections.order_dashboard import OrderRow
from projections.order_filter import FIRST, LAST, OrderFilter
from projections.pages import Page, at_least_one
from projections.statements import list_orders, search_all, search_recent

LAST_POSITION: Final = 2**63 - 1
"""The largest position of a log."""


@dataclass(frozen=True, slots=True)
class OrderCursor:
    """Place of an order in a list; at: the order's own time in the list of a period, else None."""

    position: int
    at: datetime | None = None


_START: Final = OrderCursor(LAST_POSITION, LAST)


async def page_of_orders(
    pool: asyncpg.Pool, wanted: OrderFilter, after: OrderCursor | None, limit: int
) -> Page[OrderRow, OrderCursor]:
    """A page of the filter's list, by key."""
    parameters = [*_begin(wanted, after or _START, at_least_one(limit) + 1), *wanted.conditions().values()]
    records = await _found(pool, wanted, parameters, limit + 1)
    rows = [row_of(OrderRow, record) for record in records]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], _cursor(wanted, last) if last else None)


async def _found(pool: asyncpg.Pool, wanted: OrderFilter, parameters: list[Any], limit: int) -> list[asyncpg.Record]:
    """Search the last orders, where a frequent match fills a page, then all by an index, where a rare one has few rows: the
    index yields its rows in no order, so that a frequent match there would be fetched and sorted whole."""
    filters, of_period = tuple(wanted.conditions()), wanted.period is not None
    if wanted.is_listed:
        return await pool.fetch(list_orders(filters, of_period), *parameters)
    recent = await pool.fetch(search_recent(filters, of_period), *parameters)
    return recent if len(recent) == limit else await pool.fetch(search_all(filters, of_period), *parameters)


def _begin(wanted: OrderFilter, after: OrderCursor, limit: int) -> list[Any]:
    """First parameters of every statement."""
    if wanted.period is None:
        return [after.position, limit]
    return [after.position, limit, wanted.period.since or FIRST, wanted.period.until, after.at or LAST]


def _cursor(wanted: OrderFilter, row: OrderRow) -> OrderCursor:
    return OrderCursor(row.placed_position, None if wanted.period is None else row.placed_at)
