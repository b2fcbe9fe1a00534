"""Statements of EasyPost's ledger, in schema gateways."""

from typing import Final

_COLUMNS: Final = """
    s.state, s.fingerprint, s.shipment_id, s.tracking_number, s.carrier, s.refusal_reason,
    greatest(extract(epoch from s.buying_until - now()), 0)::float8 as buying_seconds
"""

# Insert a key's row, by the primary key: a concurrent call with the same key waits, then reads the row.
OPEN: Final = """
insert into gateways.easypost_shipments (key, order_id, fingerprint) values ($1, $2, $3)
on conflict on constraint easypost_shipments_pkey do nothing
"""

# Insert a voided row for an unused key, by the primary key as OPEN.
OPEN_VOIDED: Final = """
insert into gateways.easypost_shipments (key, state, void_reason, voided_at) values ($1, 'voided', $2, now())
on conflict on constraint easypost_shipments_pkey do nothing
"""

# Read a row, by the primary key.
READ: Final = f"select {_COLUMNS} from gateways.easypost_shipments s where s.key = $1"

# Every update below changes one row by its primary key, and only in the states that it names.
_UPDATE: Final = "update gateways.easypost_shipments s set updated_at = now(),"

# Store the shipment's id.
STORE: Final = f"{_UPDATE} shipment_id = $2, state = 'created' where s.key = $1 and s.state = 'new'"

# Begin a purchase. Locks the row first, to return its earlier value.
BEGIN_PURCHASE: Final = """
with before as (
    select b.key, b.appears_until from gateways.easypost_shipments b where b.key = $1 for no key update
)
update gateways.easypost_shipments s set updated_at = now(), state = 'buying',
    buying_until = now() + make_interval(secs => $2), appears_until = now() + make_interval(secs => $3)
from before b
where s.key = b.key and (s.state = 'created' or (s.state = 'buying' and s.buying_until <= now()))
returning s.buying_until as until, b.appears_until as earlier
"""

# End a purchase without an effect. A voided row's time limit ends now, so that the next look completes the void.
END_PURCHASE: Final = f"""
{_UPDATE} buying_until = null,
    state = case s.state when 'buying' then 'created' else s.state end,
    appears_until = case s.state when 'buying' then $3 else coalesce($3, now()) end
where s.key = $1 and s.state in ('buying', 'voiding') and s.tracking_number is null and s.buying_until = $2
"""

# Record a refusal.
REFUSE: Final = f"{_UPDATE} state = 'refused', refusal_reason = $2 where s.key = $1 and s.state in ('new', 'created')"

# Void a key with a label.
VOID_BOUGHT: Final = f"""
{_UPDATE} state = 'voiding', void_reason = $2, voided_at = now()
where s.key = $1 and s.state = 'bought'
"""

# Void a key without a label; it stays in state voiding while a purchase may still make one.
VOID_UNBOUGHT: Final = f"""
{_UPDATE} state = case when s.appears_until is null then 'voided' else 'voiding' end, void_reason = $2, voided_at = now()
where s.key = $1 and s.state in ('new', 'created', 'buying', 'refused')
"""

# Complete the void of a key whose purchases can make no label any more.
COMPLETE_VOID: Final = f"""
{_UPDATE} state = 'voided'
where s.key = $1 and s.state = 'voiding' and s.tracking_number is null and s.appears_until <= now()
"""

# Record a label.
RECORD_LABEL: Final = f"""
{_UPDATE} tracking_number = $2, carrier = $3,
    state = case when s.state in ('created', 'buying') then 'bought' else 'voiding' end
where s.key = $1 and s.state in ('created', 'buying', 'voiding', 'voided') and s.tracking_number is null
"""

# Record the status of a label's refund.
RECORD_REFUND: Final = f"{_UPDATE} state = $2 where s.key = $1 and s.state in ('voiding', 'void_refused')"

# Live labels of an order for the audit, by the index on order_id.
LIVE_LABELS: Final = """
select l.key from gateways.easypost_shipments l where l.order_id = p.order_id and l.state in ('bought', 'void_refused')
"""
