"""Queries of the read models."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import asyncpg

from eventstore.checkpoints import position_of
from projections.columns import row_of
from projections.customer_orders import CustomerRow
from projections.days import Day
from projections.order_dashboard import OrderRow
from projections.order_filter import ALL_ORDERS, OrderFilter
from projections.order_pages import OrderCursor, page_of_orders
from projections.pages import Page, at_least_one
from projections.statements import (
    COUNTS_BY_STATUS,
    FIGURES,
    GET_CUSTOMER,
    GET_ORDER,
    LIST_CUSTOMERS,
    REVENUE,
    SHIPPING_TIMES,
    STATUSES,
    TOP_CUSTOMERS,
)

CustomerCursor: TypeAlias = tuple[str, str]

_POLL_FIRST, _POLL_LAST = 0.002, 0.05


@dataclass(frozen=True, slots=True)
class Figures:
    """Occurrences of a day in a currency, as in daily-figures (`projections.daily_figures.FiguresRow`)."""

    day: date
    currency: str
    placed: int
    placed_amount: int
    charged: int
    charged_amount: int
    shipped: int
    shipped_amount: int
    cancelled: int
    refunded: int
    refunded_amount: int


@dataclass(frozen=True, slots=True)
class ShippingTimes:
    """Seconds from placed to shipped of the orders placed on a day: their number, and the time of half and of nine of ten."""

    day: date
    orders: int
    median: float
    ninetieth: float


class Queries:
    """The read models, over a pool whose connections run as `orders_app`; some milliseconds behind the log."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def list_orders(
        self, wanted: OrderFilter = ALL_ORDERS, *, after: OrderCursor | None = None, limit: int = 50
    ) -> Page[OrderRow, OrderCursor]:
        """Orders that the filter finds: the last placed first, those of a period by their own time. `after`: of an earlier page
        of the same filter. Orders placed since are on no later page."""
        return await page_of_orders(self._pool, wanted, after, limit)

    async def pages(
        self, wanted: OrderFilter, limit: int | None = None, *, size: int = 500
    ) -> AsyncIterator[list[OrderRow]]:
        """Yield pages of the orders that the filter finds, in the order of the list. limit: at most so many orders in all."""
        after: OrderCursor | None = None
        left = limit
        while left is None or left > 0:
            page = await self.list_orders(wanted, after=after, limit=size if left is None else min(size, left))
            if page.rows:
                yield page.rows
            left = None if left is None else left - len(page.rows)
            after = page.after
            if after is None:
                return

    async def order(self, order_id: str) -> OrderRow | None:
        """One order; None if the read model does not have it (yet)."""
        record = await self._pool.fetchrow(GET_ORDER, order_id)
        return row_of(OrderRow, record) if record else None

    async def counts_by_status(self) -> dict[str, int]:
        """Number of orders in each status; a status without orders is left out."""
        return {status: int(count) for status, count in await self._pool.fetch(COUNTS_BY_STATUS)}

    async def statuses(self, order_ids: Sequence[str]) -> dict[str, str]:
        """The status of each of these orders that is known."""
        return {row["order_id"]: row["status"] for row in await self._pool.fetch(STATUSES, order_ids)}

    async def figures(self, days: Sequence[Day]) -> list[Figures]:
        """Figures of each day and currency with an occurrence, by day and currency."""
        found = await self._of_days(FIGURES, days)
        return [Figures(day, currency, *map(int, sums)) for day, currency, *sums in found]

    async def shipping_times(self, days: Sequence[Day]) -> list[ShippingTimes]:
        """Shipping times of each day on which an order was placed that has shipped."""
        return [
            ShippingTimes(day, orders, max(median, 0.0), max(ninetieth, 0.0))
            for day, orders, (median, ninetieth) in await self._of_days(SHIPPING_TIMES, days)
        ]

    async def _of_days(self, sql: str, days: Sequence[Day]) -> list[asyncpg.Record]:
        dates, since, before = ([getattr(day, name) for day in days] for name in ("day", "since", "before"))
        return await self._pool.fetch(sql, dates, since, before)

    async def customers(
        self, *, after: CustomerCursor | None = None, limit: int = 50
    ) -> Page[CustomerRow, CustomerCursor]:
        """Customers by id, a row for each currency they ordered in."""
        records = await self._pool.fetch(LIST_CUSTOMERS, *(after or ("", "")), at_least_one(limit) + 1)
        rows = [row_of(CustomerRow, record) for record in records]
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(rows[:limit], (last.customer_id, last.currency) if last else None)

    async def customer(self, customer_id: str) -> list[CustomerRow]:
        """One customer, a row for each currency; none if the read model does not have the customer (yet)."""
        return [row_of(CustomerRow, record) for record in await self._pool.fetch(GET_CUSTOMER, customer_id)]

    async def top_customers(self, limit: int = 10) -> list[CustomerRow]:
        """The customers who spent most, `limit` of each currency, by currency and then by spend."""
        records = await self._pool.fetch(TOP_CUSTOMERS, at_least_one(limit))
        return [row_of(CustomerRow, record) for record in records]

    async def revenue(self) -> dict[str, int]:
        """Money paid and not refunded, in minor units by currency."""
        return {currency: int(amount) for currency, amount in await self._pool.fetch(REVENUE)}

    async def position(self, name: str) -> int:
        """A projection's checkpoint; 0 if it has never run."""
        return await position_of(self._pool, name)

    async def wait_until(self, name: str, position: int, timeout: float) -> None:
        """Read your writes: return once a projection has folded the log up to `position`.

        position: the last one of your own append, never the log's head. timeout: seconds, then TimeoutError.
        """
        delay = _POLL_FIRST
        async with asyncio.timeout(timeout):
            while await self.position(name) < position:
                await asyncio.sleep(delay)
                delay = min(delay * 2, _POLL_LAST)
