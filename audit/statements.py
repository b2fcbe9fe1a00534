"""SQL of the audit."""

from typing import Final

# Events that a projection has parked, by parked_pkey.
PARKED_BY_PROJECTION: Final = "select position, reason from projections.parked where projection = $1 order by position"

# Record of an audit. The row's lock serialises concurrent audits; held_at keeps its value if this audit did not hold.
RECORD_AUDIT: Final = """
insert into eventstore.last_audit as last (ended_at, findings, held_at)
values (clock_timestamp(), $1::bigint, case when $1 = 0 then clock_timestamp() end)
    on conflict (only_row) do update
   set ended_at = excluded.ended_at, findings = excluded.findings, held_at = coalesce(excluded.held_at, last.held_at)"""

# Record of the latest audit, one row.
LAST_AUDIT: Final = "select ended_at, findings, held_at from eventstore.last_audit"

# Totals of the order dashboard, and the same counted from its rows: both tables whole, as the audit reads them anyway.
ORDER_COUNTS: Final = "select status, orders from projections.order_counts"
ORDERS_BY_STATUS: Final = "select status, count(*) from projections.order_dashboard group by status"

# Totals of the customers' orders, and the same added up from its rows: both tables whole.
REVENUE: Final = "select currency, amount from projections.revenue"
SPEND_BY_CURRENCY: Final = "select currency, sum(total_spend) from projections.customer_orders group by currency"
