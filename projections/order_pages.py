"""Pages of the orders that a filter finds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from projections.columns import row_of
from projections.order_dashboard import OrderRow
from projections.order_filter import FIRST, LAST, OrderFilter
from projections.pages import Page, at_least_one
from projections.statements import LIST_ORDERS, LIST_PERIOD, SEARCH_ALL, SEARCH_CUSTOMER, SEARCH_RECENT

_END: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class OrderCursor:
    """Place of an order in a list; at: the order's own time in the list of a period, else None."""

    position: int
    at: datetime | None = None


_START: Final = OrderCursor(_END, LAST)


async def page_of_orders(
    pool: asyncpg.Pool, wanted: OrderFilter, after: OrderCursor | None, limit: int
) -> Page[OrderRow, OrderCursor]:
    """A page of the filter's list, by key."""
    begin = _begin(wanted, after or _START, at_least_one(limit) + 1)
    found = await (_searched(pool, wanted, begin) if _needs_search(wanted) else _listed(pool, wanted, begin))
    rows = [row_of(OrderRow, record) for record in found]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], _cursor(wanted, last) if last else None)


def _begin(wanted: OrderFilter, after: OrderCursor, limit: int) -> list[Any]:
    """First parameters of every statement."""
    if wanted.period is None:
        return [after.position, limit]
    return [after.position, limit, wanted.period.since or FIRST, wanted.period.until, after.at or LAST]


def _cursor(wanted: OrderFilter, row: OrderRow) -> OrderCursor:
    return OrderCursor(row.placed_position, None if wanted.period is None else row.placed_at)


def _needs_search(wanted: OrderFilter) -> bool:
    """True for filters beyond a status, a customer and a period, each of which has an index in the list's order."""
    others = (wanted.text, wanted.payment, wanted.country, wanted.on_hold, wanted.currency)
    return len(wanted.statuses) > 1 or wanted.waiting or any(each is not None for each in others)


async def _listed(pool: asyncpg.Pool, wanted: OrderFilter, begin: list[Any]) -> list[asyncpg.Record]:
    statements = LIST_ORDERS if wanted.period is None else LIST_PERIOD
    filters = [each for each in (wanted.status, wanted.customer_id) if each is not None]
    return await pool.fetch(statements[wanted.status is not None, wanted.customer_id is not None], *begin, *filters)


async def _searched(pool: asyncpg.Pool, wanted: OrderFilter, begin: list[Any]) -> list[asyncpg.Record]:
    """Search the last orders, where a frequent match fills a page, then all by the index, where a rare one has few rows: the
    index yields its rows in no order, so that a frequent match there would be fetched and sorted whole."""
    of_period = wanted.period is not None
    arguments = [*begin, wanted.query(), wanted.least, wanted.most]
    if wanted.customer_id is not None:
        return await pool.fetch(SEARCH_CUSTOMER[of_period], *arguments, wanted.customer_id)
    recent = await pool.fetch(SEARCH_RECENT[of_period], *arguments)
    _, limit, *_ = begin
    return recent if len(recent) == limit else await pool.fetch(SEARCH_ALL[of_period], *arguments)
