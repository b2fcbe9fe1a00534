"""SQL of the gauges."""

from typing import Final

# Age of the oldest order of each open status that is not on hold and no waiting one of an import: the first such row of
# order_dashboard_by_status, then the event by its primary key.
OLDEST_OPEN_ORDERS: Final = """
select s.status, extract(epoch from clock_timestamp() - e.recorded_at)::float
  from unnest($1::text[]) s (status)
 cross join lateral (select o.placed_position from projections.order_dashboard o
                      where o.status = s.status and o.hold_reason is null
                        and not exists (select from dispatcher.bulk b
                                         where b.position = o.placed_position and b.started_at is null)
                      order by o.placed_position limit 1) o
  join eventstore.events e on e.position = o.placed_position"""

# Age of the newest order: the last row of the partial index order_dashboard_newest, then the event by its primary key.
NEWEST_ORDER: Final = """
select extract(epoch from clock_timestamp() - e.recorded_at)::float
  from (select placed_position from projections.order_dashboard
         where placed_position > 0 order by placed_position desc limit 1) o
  join eventstore.events e on e.position = o.placed_position"""

# Open orders on hold, by the whole partial index order_dashboard_on_hold.
ORDERS_ON_HOLD: Final = """
select count(*) from projections.order_dashboard where hold_reason is not null and status = any ($1)"""

# Cancelled orders whose money has not gone back, by the whole partial index order_dashboard_owed.
ORDERS_OWED: Final = """
select currency, count(*), sum(amount_paid - amount_refunded)::float,
       extract(epoch from clock_timestamp() - min(cancelled_at))::float
  from projections.order_dashboard where status = 'cancelled' and payment_state = 'paid' and amount_settled = 0
 group by currency"""

# Lag of each reader, by the events' primary key, twice for each; the count ends at 100,000.
READER_LAGS: Final = """
select s.name,
       (select count(*) from (select from eventstore.events e where e.position > s.position limit 100000) behind),
       coalesce((select extract(epoch from clock_timestamp() - e.recorded_at)::float from eventstore.events e
                  where e.position > s.position order by e.position limit 1), 0)
  from eventstore.subscriptions s"""

# Parked events by reader: both tables whole, mostly empty.
PARKED_EVENTS: Final = """
select 'dispatcher', count(*) from dispatcher.parked
 union all select projection, count(*) from projections.parked group by projection"""

# Pending deliveries by endpoint, by the index deliveries_pending. Deliveries to a disabled endpoint have no age. Every endpoint
# has a row.
WEBHOOKS_PENDING: Final = """
select e.id, count(d.endpoint_id),
       coalesce(extract(epoch from clock_timestamp() - min(d.since) filter (where e.enabled))::float, 0)
  from webhooks.endpoints e left join webhooks.deliveries d on d.endpoint_id = e.id and d.state = 'pending' group by e.id"""

# Parked deliveries by endpoint, by the index deliveries_by_state.
WEBHOOKS_PARKED: Final = """
select e.id, count(d.endpoint_id)
  from webhooks.endpoints e left join webhooks.deliveries d on d.endpoint_id = e.id and d.state = 'parked' group by e.id"""
