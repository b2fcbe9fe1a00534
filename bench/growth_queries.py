"""Durations of every query that command line, API and page make to the read models."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench.side import Ground, times
from eventstore.pool import open_pool
from projections.order_filter import OrderFilter, Period
from projections.order_pages import OrderCursor
from projections.queries import Queries

_WARM_UP: Final = 5
_STATUSES: Final = ("placed", "confirmed", "paid", "shipped", "cancelled")
_YEAR: Final = timedelta(days=365)


class _Asker:
    """Calls with other arguments each time: any status and order, any time of the year, customers by how often they order."""

    def __init__(self, queries: Queries, orders: int, head: int) -> None:
        self._queries, self._orders, self._head = queries, orders, head
        self._any = random.Random(1)

    def all(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Each query by name. The names of those that page end in `next` where the page is one from anywhere."""
        ask = self._queries
        return {
            "counts": ask.counts_by_status,
            "revenue": ask.revenue,
            "list": ask.list_orders,
            "list_next": lambda: ask.list_orders(after=self._position()),
            "status": lambda: ask.list_orders(self._of_status()),
            "status_next": lambda: ask.list_orders(self._of_status(), after=self._position()),
            "customer": lambda: ask.list_orders(self._of_customer()),
            "customer_next": lambda: ask.list_orders(self._of_customer(), after=self._position()),
            "customer_status": lambda: ask.list_orders(self._of_customer(statuses=self._statuses())),
            "since": lambda: ask.list_orders(OrderFilter(period=Period(since=self._time()))),
            "day": lambda: ask.list_orders(OrderFilter(period=self._period(1))),
            "day_status": lambda: ask.list_orders(self._of_status(period=self._period(1))),
            "month_next": lambda: ask.list_orders(
                OrderFilter(period=(period := self._period(30))), after=self._cursor(period)
            ),
            "month_status": lambda: ask.list_orders(self._of_status(period=self._period(30))),
            "year_status": lambda: ask.list_orders(self._of_status(period=Period(since=datetime.now(UTC) - _YEAR))),
            "month_customer": lambda: ask.list_orders(self._of_customer(period=self._period(30))),
            "month_customer_status": lambda: ask.list_orders(
                self._of_customer(period=self._period(30), statuses=self._statuses())
            ),
            "order": lambda: ask.order(self._order()),
            "statuses": lambda: ask.statuses([self._order() for _ in range(50)]),
            "customers_next": lambda: ask.customers(after=(self._customer(), "")),
            "one_customer": lambda: ask.customer(self._customer()),
            "top_customers": ask.top_customers,
        }

    def _order(self) -> str:
        return f"o-{1 + self._any.randrange(self._orders)}"

    def _customer(self) -> str:
        return f"c-{int(max(self._orders // 20, 1) * self._any.random() ** 2)}"

    def _statuses(self) -> tuple[str]:
        return (self._any.choice(_STATUSES),)

    def _of_status(self, **also: Any) -> OrderFilter:
        return OrderFilter(statuses=self._statuses(), **also)

    def _of_customer(self, **also: Any) -> OrderFilter:
        return OrderFilter(customer_id=self._customer(), **also)

    def _position(self) -> OrderCursor:
        return OrderCursor(self._any.randrange(self._head))

    def _time(self) -> datetime:
        return datetime.now(UTC) - _YEAR * self._any.random()

    def _period(self, days: int) -> Period:
        since = self._time()
        return Period(since, since + timedelta(days=days))

    def _cursor(self, period: Period) -> OrderCursor:
        assert period.since is not None
        assert period.before is not None
        at = period.since + (period.before - period.since) * self._any.random()
        return OrderCursor(self._any.randrange(self._head), at)


async def query_times(ground: Ground, orders: int) -> dict[str, list[float]]:
    """Seconds of every call by the name of its query, on a connection as the application has it."""
    async with open_pool(ground.database_url, size=1) as pool:
        head = await pool.fetchval("select eventstore.settled()")
        found = {}
        for name, ask in _Asker(Queries(pool), orders, int(head)).all().items():
            await times(_WARM_UP, ask)
            found[name] = await times(ground.scaled(200), ask)
        return found
