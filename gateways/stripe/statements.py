"""Statements of Stripe's ledger, in schema gateways."""

from typing import Final

# Insert a charge's row, by its primary key: a concurrent request with the same key finds the row.
BEGIN_CHARGE: Final = """
insert into gateways.stripe_charges (key, order_id, fingerprint, amount, currency, attempt)
values ($1, $2, $3, $4, $5, $6)
on conflict on constraint stripe_charges_pkey do nothing
"""

# Read a charge, by its primary key.
READ_CHARGE: Final = "select * from gateways.stripe_charges c where c.key = $1"

# Raise the attempt, on the row locked by its primary key: of two concurrent requests, one finds the attempt it has read.
RAISE_ATTEMPT: Final = """
update gateways.stripe_charges c
set attempt = $2,
    state = case when c.state = 'declined' then 'new' else c.state end,
    intent_id = case when c.state = 'declined' then null else c.intent_id end,
    decline_code = null, decline_reason = null, updated_at = now()
where c.key = $1 and c.attempt = $3 and c.attempt < $2 and c.voided_at is null and c.state in ('new', 'created', 'declined')
"""

# Store the intent, on the row locked by its primary key, as VOID_CHARGE does: before the tombstone, or not at all.
STORE_INTENT: Final = """
update gateways.stripe_charges c
set intent_id = $2, state = 'created', updated_at = now()
where c.key = $1 and c.attempt = $3 and c.intent_id is null and c.state = 'new' and c.voided_at is null
"""

# Record the state of the row's intent, by the primary key; forward only.
RECORD_CHARGE: Final = """
update gateways.stripe_charges c
set state = $3, authorised_until = coalesce($4, c.authorised_until), decline_code = $5, decline_reason = $6,
    updated_at = now()
where c.key = $1 and c.intent_id is not distinct from $2
    and gateways.stripe_rank(c.state) < gateways.stripe_rank($3)
"""

# Insert the tombstone, or set it on the row locked by the primary key. A row without an intent has nothing to undo,
# except for a charge of 0.
VOID_CHARGE: Final = """
insert into gateways.stripe_charges as c (key, state, void_reason, voided_at)
values ($1, 'voided', $2, now())
on conflict on constraint stripe_charges_pkey do update
set voided_at = coalesce(c.voided_at, excluded.voided_at),
    void_reason = coalesce(c.void_reason, excluded.void_reason),
    state = case when c.intent_id is null and c.state in ('new', 'declined') then 'voided' else c.state end,
    updated_at = now()
returning *
"""

# Record the result of a void, by the primary key: the first result stays.
RECORD_VOID: Final = """
update gateways.stripe_charges c
set state = $2, refund_id = $3, amount_returned = $4, updated_at = now()
where c.key = $1 and gateways.stripe_rank(c.state) < gateways.stripe_rank($2)
"""

# Renew a charge's idempotency keys, by the primary key: of two processes with the same cached failure, one raises the number.
RENEW_CHARGE_KEYS: Final = (
    "update gateways.stripe_charges c set asks = c.asks + 1, updated_at = now() where c.key = $1 and c.asks = $2"
)

# Lock a charge by its unique intent_id: two refunds, or a refund and a void, run one after the other.
LOCK_CHARGE: Final = "select * from gateways.stripe_charges c where c.intent_id = $1 for update"

# True if the intent is in the ledger, by the unique intent_id.
HAS_INTENT: Final = "select true from gateways.stripe_charges c where c.intent_id = $1"

# Return the order of an intent, by the unique intent_id.
ORDER_OF_INTENT: Final = "select c.order_id from gateways.stripe_charges c where c.intent_id = $1"

# Record an event's state of an intent, on the row locked by its unique intent_id; forward only.
RECORD_INTENT: Final = """
update gateways.stripe_charges c
set state = $2, authorised_until = coalesce($3, c.authorised_until), decline_code = $4, decline_reason = $5,
    updated_at = now()
where c.intent_id = $1 and gateways.stripe_rank(c.state) < gateways.stripe_rank($2)
"""

# Return the order if money is captured or authorised against a tombstone, by the unique intent_id.
VOIDED_WITH_MONEY: Final = """
select c.order_id from gateways.stripe_charges c
where c.intent_id = $1 and c.voided_at is not null and c.state in ('authorised', 'succeeded')
"""

# A page of authorisations that end within $1, by stripe_charges_authorised_idx.
ENDING_AUTHORISATIONS: Final = """
select c.key, c.order_id, c.amount, c.currency, c.authorised_until as until, now() >= c.authorised_until as ended
from gateways.stripe_charges c
where c.state = 'authorised' and c.voided_at is null and c.released = 0 and c.authorised_until < now() + $1::interval
    and (c.authorised_until, c.key) > ($2, $3)
order by c.authorised_until, c.key limit $4
"""

# Sum the requested refunds of an intent, by the index on intent_id. Refunds made by hand are not counted: they leave less
# to refund, which Stripe's list shows, and refuse no request.
REQUESTED_AMOUNT: Final = """
select coalesce(sum(r.by_hand + case when r.state = 'settled' then 0 else coalesce(r.asking, r.amount) end), 0)::bigint
from gateways.stripe_refunds r
where r.intent_id = $1 and r.state <> 'failed' and not r.manual and not (r.closed and r.state = 'asked')
"""

# Read a refund, by its primary key.
READ_REFUND: Final = "select * from gateways.stripe_refunds r where r.key = $1"

# Read the refunds of several intents, by the index on intent_id.
READ_REFUNDS: Final = "select * from gateways.stripe_refunds r where r.intent_id = any($1::text[])"

# Find a charge by its unique intent_id, and a refund of it by the unique refund_id.
KNOWN_REFUND: Final = """
select c.order_id, c.currency, r.state
from gateways.stripe_charges c
left join gateways.stripe_refunds r on r.refund_id = $2 and r.intent_id = c.intent_id
where c.intent_id = $1
"""

# Read the refunds made since a time with their orders. Scans the table: for recovery only.
REFUNDS_MADE_SINCE: Final = """
select c.order_id, r.*
from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
where r.state in ('pending', 'succeeded') and r.at >= $1
order by r.at, r.key
"""

# Reserve a refund's amount, by the primary key.
RESERVE_REFUND: Final = """
insert into gateways.stripe_refunds (key, intent_id, amount, currency, reason, at)
values ($1, $2, $3, $4, $5, coalesce($6, now()))
on conflict on constraint stripe_refunds_pkey do nothing
"""

# Set the amount to request, by the primary key, if the row is as the caller read it: of two processes with different
# amounts, one goes on. Stripe refuses a known key with another amount, so that a new amount needs a new key.
SET_REQUESTED_AMOUNT: Final = """
update gateways.stripe_refunds r
set asks = r.asks + case when coalesce(r.asking, r.amount) = $3 then 0 else 1 end, asking = $3, by_hand = $4
where r.key = $1 and r.asks = $2 and r.state = 'asked' and not r.closed
returning *
"""

# Record that Stripe refuses a refund for good, by the primary key, unless one was made. $2: it is no longer owed.
REFUSE_REFUND: Final = """
update gateways.stripe_refunds r set state = 'failed', closed = r.closed or $2
where r.key = $1 and r.state in ('asked', 'failed')
"""

# Close a refund that is not made, by the primary key; a key without a row gets a closed one.
CLOSE_REFUND: Final = """
insert into gateways.stripe_refunds as r (key, intent_id, amount, currency, reason, at, closed)
values ($1, $2, $3, $4, $5, coalesce($6, now()), true)
on conflict on constraint stripe_refunds_pkey do update set closed = true where r.state in ('asked', 'failed')
"""

# Renew a refund's idempotency key, by the primary key: of two processes with the same cached failure, one raises the number.
RENEW_REFUND_KEY: Final = "update gateways.stripe_refunds r set asks = r.asks + 1 where r.key = $1 and r.asks = $2"

# Close a refund without one at Stripe, by the primary key.
SETTLE_REFUND: Final = """
update gateways.stripe_refunds r set state = 'settled', by_hand = $3
where r.key = $1 and r.asks = $2 and r.state = 'asked'
"""

# Record a refund's state, by the primary key, unless another refund is recorded under it; forward only. The amount is the
# one made: an earlier request with another amount may have taken effect late.
RECORD_REFUND: Final = """
update gateways.stripe_refunds r
set refund_id = $2, state = $4, asking = $5
where r.key = $1 and r.intent_id = $3 and (r.refund_id = $2 or r.refund_id is null)
    and gateways.stripe_refund_rank(r.state) < gateways.stripe_refund_rank($4)
"""

# Find a refund's key, by the unique refund_id.
KEY_OF_REFUND: Final = "select r.key from gateways.stripe_refunds r where r.refund_id = $1"

# Insert a refund that is not in the ledger, by the primary key and the unique refund_id.
ADOPT_REFUND: Final = """
insert into gateways.stripe_refunds (key, intent_id, amount, currency, reason, at, manual)
select $1, $2, $3, $4, $5, $6, $7
where not exists (select from gateways.stripe_refunds r where r.refund_id = $8)
on conflict on constraint stripe_refunds_pkey do nothing
"""

# A page of failed refunds with their orders, by stripe_refunds_failed_idx.
FAILED_REFUNDS: Final = """
select r.key, c.order_id, r.refund_id, r.intent_id, r.currency, r.at
from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
where r.state = 'failed' and not r.closed and (r.at, r.key) > ($1, $2)
order by r.at, r.key limit $3
"""

# Insert an event, by the primary key of the inbox: a concurrent delivery of the same event waits for the first to commit.
RECEIVE_EVENT: Final = """
insert into gateways.stripe_inbox (event_id, type, intent_id, created) values ($1, $2, $3, $4)
on conflict on constraint stripe_inbox_pkey do nothing
"""

# True if the event is handled, by the primary key of the inbox.
IS_HANDLED: Final = "select handled_at is not null from gateways.stripe_inbox i where i.event_id = $1"

# Mark the event handled, by the primary key of the inbox.
MARK_HANDLED: Final = "update gateways.stripe_inbox set handled_at = now() where event_id = $1 and handled_at is null"

# Delete a batch of handled events older than $1, by stripe_inbox_handled_at_idx.
PRUNE_EVENTS: Final = """
delete from gateways.stripe_inbox where event_id in (
    select i.event_id from gateways.stripe_inbox i where i.handled_at < now() - $1::interval limit $2)
"""

# Charges for the audit, by the index on order_id. An authorisation counts as charged and its release as refunded, as in the
# orders' streams; a refund counts once it has an id at Stripe, a dispute once it is lost.
CHARGES: Final = """
    select c.currency, c.amount as charged,
        case when c.refund_id = c.intent_id || ':void' then c.amount_returned
            else coalesce(r.amount, 0) + c.released end + coalesce(d.amount, 0) as refunded,
        case when c.state = 'authorised' then c.amount - c.released else 0 end as held
    from gateways.stripe_charges c
    left join lateral (
        select sum(coalesce(f.asking, f.amount)) as amount
        from gateways.stripe_refunds f
        where f.intent_id = c.intent_id and f.state in ('pending', 'succeeded')
    ) r on true
    left join lateral (
        select sum(l.amount) as amount
        from gateways.stripe_disputes l where l.intent_id = c.intent_id and l.state = 'dispute_lost'
    ) d on true
    where c.state in ('authorised', 'succeeded', 'returned') and {of_order}
"""

# Find a refund by its key and payment, by the primary key.
REFUND_OF_PAYMENT: Final = "select from gateways.stripe_refunds r where r.key = $1 and r.intent_id = $2"
