"""Statements of the simulated gateways' ledger."""

from typing import Final

# Begin a higher attempt at a charge, by the primary keys of attempts and charges: a decline of a lower one is dropped.
BEGIN_ATTEMPT: Final = "select simulated.begin_attempt($1, $2)"

# Charge once per key. By the primary key of charges: a concurrent call with the same key waits, then reads the row.
CHARGE: Final = """
select fault, fault_delay, outcome, payment_id, amount, currency, refunded_amount, code, reason, pending_since
from simulated.charge_or_wait($1, $2, $3, $4, $5, $6, $7)
"""

# Void a charge's key. Inserts or locks the row by the primary key of charges, which orders it before or after a charge.
VOID_CHARGE: Final = (
    "select fault, fault_delay, payment_id, refund_id, amount_returned, state from simulated.void_or_wait($1, $2, $3)"
)

# Refund once per key. Locks the charge's row before its balance is read.
REFUND: Final = """
select fault, fault_delay, outcome, refund_id, charged, refunded, charge_currency
from simulated.refund_or_wait($1, $2, $3, $4, $5, $6)
"""

# Read a charge in any state, by the primary key of charges.
READ_CHARGE: Final = """
select c.state, c.payment_id, c.key, c.amount, c.currency, c.refunded_amount
from simulated.charges c
where c.key = $1
"""

# Read a charge that was made, by the primary keys of charges and undecided.
FIND_CHARGE: Final = """
select c.payment_id, c.key, c.amount, c.currency, c.refunded_amount
from simulated.charges c
where c.key = $1 and c.payment_id is not null
    and not exists (select from simulated.undecided u where u.operation = 'payment.charge' and u.key = c.key)
"""

# Read a requested refund, by the primary keys of refunds and undecided.
FIND_REFUND: Final = """
select r.refund_id, r.payment_id, r.amount, u.state is not null as pending
from simulated.refunds r
left join simulated.undecided u on u.operation = 'payment.refund' and u.key = r.key
where r.origin = 'refund' and r.key = $1
"""

# Close a refund that is not made. Locks the charge's row, as REFUND.
CLOSE_REFUND: Final = "select simulated.close_refund($1, $2, $3)"

# State of the refund of a voided charge, by the primary key of undecided.
VOID_STATE: Final = "select u.state from simulated.undecided u where u.operation = 'payment.void' and u.key = $1"

# Decide on a pending charge or refund, by the primary key of undecided.
DECIDE: Final = "select simulated.decide($1, $2, $3)"

# Create a label once per key. By the primary key of labels, as CHARGE.
CREATE_LABEL: Final = """
select fault, fault_delay, outcome, shipment_id, tracking_number, carrier, reason
from simulated.create_label($1, $2, $3, $4, $5, $6, $7)
"""

# Void a label's key. Inserts or locks the row by the primary key of labels, as VOID_CHARGE.
VOID_LABEL: Final = "select fault, fault_delay, existed from simulated.void_label($1, $2, $3)"

# Read a live label, by the primary key of labels.
FIND_LABEL: Final = """
select l.shipment_id, l.tracking_number, l.carrier
from simulated.labels l
where l.key = $1 and l.state = 'created'
"""

# Store a call whose effect comes late. One insert; no other statement reads the table while orders are processed.
STORE_LATE_CALL: Final = "insert into simulated.late_calls (operation, arguments) values ($1, $2)"

# Delete and return all late calls: of two concurrent deliveries, one gets each call.
REMOVE_LATE_CALLS: Final = (
    "delete from simulated.late_calls l returning l.id, l.operation, l.arguments::text as arguments"
)

# Set an operation's fault, by the primary key of faults.
SET_FAULT: Final = """
insert into simulated.faults (operation, kind, probability, remaining, delay_seconds)
values ($1, $2, $3, $4, $5)
on conflict on constraint faults_pkey do update
set kind = excluded.kind,
    probability = excluded.probability,
    remaining = excluded.remaining,
    delay_seconds = excluded.delay_seconds
"""

# Clear an operation's fault by the primary key of faults, or all five.
CLEAR_FAULTS: Final = "delete from simulated.faults f where $1::text is null or f.operation = $1"

# Charges for the audit, by charges' index on order_id. Refunds are summed from their own rows, not from the balance.
CHARGES: Final = """
    select c.currency, c.amount as charged, coalesce(r.amount, 0) as refunded, 0 as held
    from simulated.charges c
    left join lateral (
        select sum(f.amount) as amount from simulated.refunds f where f.payment_id = c.payment_id
    ) r on true
    where c.payment_id is not null and {of_order}
        and not exists (select from simulated.undecided u where u.operation = 'payment.charge' and u.key = c.key)
"""

# Live labels of an order for the audit, by labels' index on order_id.
LIVE_LABELS: Final = "select l.key from simulated.labels l where l.order_id = p.order_id and l.state = 'created'"

# Find a refund by its key and payment, by the primary key of refunds.
REFUND_OF_PAYMENT: Final = (
    "select from simulated.refunds r where r.origin = 'refund' and r.key = $1 and r.payment_id = $2"
)
