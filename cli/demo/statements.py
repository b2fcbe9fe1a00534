"""The demo's SQL, and the index that each statement uses."""

from typing import Final

# Ended orders, by the primary keys of order_dashboard and of events; an order's last event is that of its status.
ENDED: Final = """
select d.order_id, d.customer_id, d.status, d.reason, d.cancelled_by, d.currency,
       d.amount_paid - d.amount_refunded as kept, coalesce(d.shipped_at, d.cancelled_at) as ended_at, e.version
  from unnest($1::text[]) as w (order_id)
  join projections.order_dashboard d using (order_id) join eventstore.events e using (position)
 where d.status in ('shipped', 'cancelled')"""
