"""Every statement over the read models with arguments, and rows of every read model, for the tests of their plans.

A new statement of `projections.statements` gets an entry in QUERIES; a new table gets its rows by the types of its columns.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from projections import PROJECTIONS
from projections.columns import columns
from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.projection import Projection

DAY: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=30)
DAYS: Final = ([DAY.date()], [DAY], [DAY + timedelta(days=1)])
OPEN: Final = ["placed", "confirmed", "paid"]
QUERIES: Final[dict[str, tuple[Any, ...]]] = {
    "GET_ORDER": ("o-7",),
    "COUNTS_BY_STATUS": (),
    "STATUSES": ([f"o-{number}" for number in range(1, 51)],),
    "LIST_CUSTOMERS": ("", "", 50),
    "GET_CUSTOMER": ("c-7",),
    "TOP_CUSTOMERS": (10,),
    "REVENUE": (),
    "FIGURES": DAYS,
    "SHIPPING_TIMES": DAYS,
    "OLDEST_OPEN_ORDERS": (OPEN,),
    "NEWEST_ORDER": (),
    "ORDERS_ON_HOLD": (OPEN,),
    "ORDERS_OWED": (),
    "ORDER_COUNTS": (),
    "ONLY_ONE": ("order-dashboard",),
    "RUNNING": ([each.name for each in PROJECTIONS],),
    "DROP_CHECKPOINT": ("order-dashboard:rebuild",),
}
ROWS: Final = 20_000
BY_HAND: Final[dict[Projection[Any], str]] = {
    ORDER_DASHBOARD: f"""
insert into projections.order_dashboard
    (order_id, customer_id, customer_name, country, status, payment_state, currency, total, units, amount_paid, amount_refunded,
     amount_settled, tags, metadata, placed_at, updated_at, placed_position, position, search_text)
select 'o-' || n, 'c-' || n % 500, 'Ada', 'GB', case when n <= 100 then 'placed' else 'shipped' end, 'none', 'EUR', n, 1, 0, 0,
       0, case when n % 500 = 0 then '["vip"]' else '[]' end::jsonb,
       case when n % 500 = 1 then '{{"channel": "web"}}' else '{{}}' end::jsonb,
       now(), now(), n, n, 'o-' || n || ' ada' from generate_series(1, {ROWS}) n""",
    CUSTOMER_ORDERS: f"""
insert into projections.customer_orders
select 'c-' || n, (array['EUR', 'USD'])[1 + n % 2], 1, 1, 0, n, now(), now(), n from generate_series(1, {ROWS}) n""",
}
"""Rows with the values that the questions look for."""
_VALUES: Final = {
    "boolean": "n % 2 = 0",
    "bigint": "n",
    "numeric": "n",
    "text": "'x-' || n",
    "date": "'2026-01-01'::date + n",
    "timestamp with time zone": "'2026-01-01'::timestamptz + n * interval '15 minutes'",
    "jsonb": "'{}'",
}
"""Expressions for the value of the n-th row, by SQL type."""


def rows_made(projection: Projection[Any], count: int) -> str:
    """Insert rows of distinct values into a table without an entry in BY_HAND."""
    types = columns(projection.row)
    values = ", ".join(_VALUES[sql_type] for sql_type in types.values())
    return f"""
insert into projections.{projection.table} ({", ".join(types)}) select {values} from generate_series(1, {count}) n
    on conflict do nothing"""
