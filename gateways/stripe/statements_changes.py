"""Statements of the changes of payments at Stripe, in schema gateways."""

from typing import Final

# Set the released part of a charge, by the unique intent_id.
SET_RELEASED: Final = """
update gateways.stripe_charges c set released = $2, updated_at = now()
where c.intent_id = $1 and c.released <> $2
"""

# Set the part of a manual refund that the order's stream records by itself, by the primary key, once.
SET_ADJUSTED: Final = "update gateways.stripe_refunds r set adjusted = $2 where r.key = $1 and r.adjusted = 0"

# Insert a dispute or its new state, by the primary key.
RECORD_DISPUTE: Final = """
insert into gateways.stripe_disputes as d (dispute_id, intent_id, amount, state, at) values ($1, $2, $3, $4, $5)
on conflict on constraint stripe_disputes_pkey do update
set amount = excluded.amount, state = excluded.state, updated_at = now()
where (d.amount, d.state) <> (excluded.amount, excluded.state)
"""

# Orders whose payment may have changed at Stripe without a new object there: authorised and not captured yet, by
# stripe_charges_authorised_idx; with an open dispute, by stripe_disputes_open_idx; with a refund by hand since $1 that no
# stream records, by stripe_refunds_by_hand_idx.
OPEN_PAYMENTS: Final = """
select c.order_id from gateways.stripe_charges c where c.state = 'authorised' and c.voided_at is null and c.released = 0
union
select c.order_id from gateways.stripe_disputes d join gateways.stripe_charges c using (intent_id) where d.state = 'disputed'
union
select c.order_id from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
where r.manual and r.adjusted = 0 and r.at >= $1 and r.state in ('pending', 'succeeded')
"""

# A page of open disputes with their orders, by stripe_disputes_open_idx.
OPEN_DISPUTES: Final = """
select d.dispute_id as key, c.order_id, d.amount, c.currency, d.at
from gateways.stripe_disputes d join gateways.stripe_charges c using (intent_id)
where d.state = 'disputed' and (d.at, d.dispute_id) > ($1, $2)
order by d.at, d.dispute_id limit $3
"""
