"""SQL of the room."""

from typing import Final

# Position that the dispatcher has reached, by the primary key of subscriptions.
DISPATCHED_UP_TO: Final = "select position from eventstore.subscriptions where name = $1"

# Those of the positions that the dispatcher has parked, by the primary key of parked.
PARKED_POSITIONS: Final = "select position from dispatcher.parked where position = any ($1::bigint[])"

# Units reserved for orders, by reservation_lines_pkey and reservations_pkey.
RESERVED_UNITS: Final = """
select l.order_id, l.sku, l.units from inventory.reservation_lines l join inventory.reservations r using (order_id)
 where l.order_id = any ($1::text[]) and r.state = 'reserved'"""

# Messages that are published, with their topic, by events_id_key.
PUBLISHED_MESSAGES: Final = """
select e.id, s.name from eventstore.events e join eventstore.streams s using (stream_id) where e.id = any ($1::uuid[])"""

# Authorisations that end within an interval, a page along stripe_charges_authorised_idx.
EXPIRING_AUTHORISATIONS: Final = """
select c.key, c.order_id, c.amount, c.currency, c.authorised_until as until, now() >= c.authorised_until as ended
  from gateways.stripe_charges c
 where c.state = 'authorised' and c.voided_at is null and c.authorised_until < now() + $1::interval
   and (c.authorised_until, c.key) > ($2, $3)
 order by c.authorised_until, c.key limit $4"""

# Refunds that failed, a page along stripe_refunds_failed_idx.
FAILED_REFUNDS: Final = """
select r.key, c.order_id, r.refund_id, r.intent_id, r.currency, r.at
  from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
 where r.state = 'failed' and (r.at, r.key) > ($1, $2)
 order by r.at, r.key limit $3"""
