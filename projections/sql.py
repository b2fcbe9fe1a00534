"""The two folds as queries over `page`, the events of a stretch of the log, and `{table}`, the rows so far.

Each gives whole rows, and `fits`: whether this fold may take the row's events. set_fold.py has the rest.
"""

from typing import Final

# `was`: the row so far. Of each kind of event but refunds, holds and releases there is one at most, so that max() is its.
ORDER_DASHBOARD_SQL: Final = """
select g.order_id, g.position,
       (select e.recorded_at from eventstore.events e where e.position = g.position) as updated_at,
       coalesce(g.customer_id, was.customer_id) as customer_id,
       coalesce(g.currency, was.currency) as currency,
       coalesce(g.total, was.total) as total,
       coalesce(g.units, was.units) as units,
       coalesce(g.placed_at, was.placed_at) as placed_at,
       coalesce(g.placed, was.placed_position) as placed_position,
       coalesce(g.amount_paid, was.amount_paid, 0) as amount_paid,
       coalesce(was.amount_refunded, 0) + coalesce(g.refunds, 0) as amount_refunded,
       coalesce(g.reason, was.reason) as reason,
       coalesce(g.cancelled_by, was.cancelled_by) as cancelled_by,
       coalesce(g.tracking_number, was.tracking_number) as tracking_number,
       coalesce(g.carrier, was.carrier) as carrier,
       coalesce(g.confirmed_at, was.confirmed_at) as confirmed_at,
       coalesce(g.paid_at, was.paid_at) as paid_at,
       coalesce(g.shipped_at, was.shipped_at) as shipped_at,
       coalesce(g.cancelled_at, was.cancelled_at) as cancelled_at,
       case when g.refunded is null then was.refunded_at
            else (select e.recorded_at from eventstore.events e where e.position = g.refunded) end as refunded_at,
       case greatest(g.placed, g.confirmed, g.paid, g.shipped, g.cancelled)
            when g.cancelled then 'cancelled' when g.shipped then 'shipped' when g.paid then 'paid'
            when g.confirmed then 'confirmed' when g.placed then 'placed' else was.status end as status,
       case greatest(g.paid, g.cancelled, g.refunded)
            when g.refunded then
                case when coalesce(was.amount_refunded, 0) + g.refunds < coalesce(g.amount_paid, was.amount_paid, 0)
                      and (select e.data @@ '$.afterShipment == true' from eventstore.events e where e.position = g.refunded)
                     then 'paid' else 'refunded' end
            when g.cancelled then case when g.paid_when_cancelled > 0 then 'paid' else 'none' end
            when g.paid then 'paid'
            else coalesce(was.payment_state, 'none') end as payment_state,
       case greatest(g.held, g.released, g.cancelled)
            when g.released then null when g.cancelled then null
            when g.held then (select e.data->>'reason' from eventstore.events e where e.position = g.held)
            else was.hold_reason end as hold_reason,
       g.twice is not true and case when was.order_id is null then g.first = g.placed else g.placed is null end as fits
  from (select data->>'orderId' as order_id, min(position) as first, max(position) as position,
               max(position) filter (where type = 'order.placed') as placed,
               max(position) filter (where type = 'order.confirmed') as confirmed,
               max(position) filter (where type = 'order.paid') as paid,
               max(position) filter (where type = 'order.shipped') as shipped,
               max(position) filter (where type = 'order.cancelled') as cancelled,
               max(position) filter (where type = 'order.refunded') as refunded,
               max(position) filter (where type = 'order.held') as held,
               max(position) filter (where type = 'order.released') as released,
               max(data->>'customerId') filter (where type = 'order.placed') as customer_id,
               max(data->>'currency') filter (where type = 'order.placed') as currency,
               max((data->'total')::bigint) filter (where type = 'order.placed') as total,
               max((select sum((entry.value->'quantity')::bigint) from jsonb_array_elements(data->'items') as entry (value)))
                   filter (where type = 'order.placed') as units,
               max((data->>'placedAt')::timestamptz) filter (where type = 'order.placed') as placed_at,
               max(recorded_at) filter (where type = 'order.confirmed') as confirmed_at,
               max((data->'amount')::bigint) filter (where type = 'order.paid') as amount_paid,
               max(recorded_at) filter (where type = 'order.paid') as paid_at,
               max(data->>'trackingNumber') filter (where type = 'order.shipped') as tracking_number,
               max(data->>'carrier') filter (where type = 'order.shipped') as carrier,
               max(recorded_at) filter (where type = 'order.shipped') as shipped_at,
               max(data->>'reason') filter (where type = 'order.cancelled') as reason,
               max(data->>'cancelledBy') filter (where type = 'order.cancelled') as cancelled_by,
               max((data->'amountPaid')::bigint) filter (where type = 'order.cancelled') as paid_when_cancelled,
               max(recorded_at) filter (where type = 'order.cancelled') as cancelled_at,
               sum((data->'amount')::numeric) filter (where type = 'order.refunded') as refunds,
               greatest(count(*) filter (where type = 'order.placed'), count(*) filter (where type = 'order.confirmed'),
                        count(*) filter (where type = 'order.paid'), count(*) filter (where type = 'order.shipped'),
                        count(*) filter (where type = 'order.cancelled')) > 1 as twice
          from page group by data->>'orderId') g
  left join lateral (select * from {table} r where r.order_id = g.order_id offset 0) was on true"""

CUSTOMER_ORDERS_SQL: Final = """
select g.customer_id, g.currency, g.position,
       coalesce(was.order_count, 0) + g.orders as order_count,
       coalesce(was.shipped_count, 0) + g.shipped as shipped_count,
       coalesce(was.cancelled_count, 0) + g.cancelled as cancelled_count,
       coalesce(was.total_spend, 0) + g.spend as total_spend,
       least(was.first_order_at, g.first_order_at) as first_order_at,
       greatest(was.last_order_at, g.last_order_at) as last_order_at,
       was.customer_id is not null or g.first = g.placed as fits
  from (select data->>'customerId' as customer_id, data->>'currency' as currency,
               min(position) as first, max(position) as position,
               min(position) filter (where type = 'order.placed') as placed,
               count(*) filter (where type = 'order.placed') as orders,
               count(*) filter (where type = 'order.shipped') as shipped,
               count(*) filter (where type = 'order.cancelled') as cancelled,
               coalesce(sum(case type when 'order.paid' then (data->'amount')::numeric
                                      when 'order.cancelled' then - (data->'amountPaid')::numeric
                                      when 'order.refunded' then case when data @@ '$.afterShipment == true'
                                                                      then - (data->'amount')::numeric end end), 0) as spend,
               min((data->>'placedAt')::timestamptz) filter (where type = 'order.placed') as first_order_at,
               max((data->>'placedAt')::timestamptz) filter (where type = 'order.placed') as last_order_at
          from page group by data->>'customerId', data->>'currency') g
  left join lateral (select * from {table} r
                      where r.customer_id = g.customer_id and r.currency = g.currency offset 0) was on true"""
