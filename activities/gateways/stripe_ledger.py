"""What was asked of Stripe and what it said last, in schema gateways: kept for good, where Stripe forgets its keys."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import asyncpg

from activities.gateways.protocols import (
    ChargeRequest,
    IdempotencyConflict,
    PaymentNotFound,
    RefundCurrencyMismatch,
    RefundExceedsCharge,
    RefundRequest,
)

CHARGE_STATES: Final = {"requires_capture": "authorised", "succeeded": "succeeded"}
"""The ledger's state of a charge, by an intent's status that says money is held or taken."""
REFUND_STATES: Final = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
"""The ledger's state of a refund, by its final status at Stripe; any other is pending."""

# The second caller with a key finds the row of the first, by its primary key.
BEGIN = """
insert into gateways.stripe_charges (key, order_id, fingerprint, amount, currency, attempt)
values ($1, $2, $3, $4, $5, $6)
on conflict on constraint stripe_charges_pkey do nothing
"""

# Reads one row by its primary key.
READ = "select * from gateways.stripe_charges c where c.key = $1"

# Locks the row by its primary key: only one of two that raise the attempt finds it as it was.
ATTEMPT = """
update gateways.stripe_charges c
set attempt = $2,
    state = case when c.state = 'declined' then 'new' else c.state end,
    intent_id = case when c.state = 'declined' then null else c.intent_id end,
    decline_code = null, decline_reason = null, updated_at = now()
where c.key = $1 and c.attempt = $3 and c.attempt < $2 and c.voided_at is null and c.state in ('new', 'created', 'declined')
"""

# Locks the row by its primary key, as the tombstone does: the intent is stored before it, or not at all.
STORE_INTENT = """
update gateways.stripe_charges c
set intent_id = $2, state = 'created', updated_at = now()
where c.key = $1 and c.attempt = $3 and c.intent_id is null and c.state = 'new' and c.voided_at is null
"""

# Moves the row forward or not at all.
RECORD = """
update gateways.stripe_charges c
set state = $3, authorised_until = coalesce($4, c.authorised_until), decline_code = $5, decline_reason = $6,
    updated_at = now()
where c.key = $1 and c.intent_id is not distinct from $2
    and gateways.stripe_rank(c.state) < gateways.stripe_rank($3)
"""

# The tombstone, new or on the locked row. Without an intent there is nothing to undo, but for a charge of nothing.
BURY = """
insert into gateways.stripe_charges as c (key, state, void_reason, voided_at)
values ($1, 'voided', $2, now())
on conflict on constraint stripe_charges_pkey do update
set voided_at = coalesce(c.voided_at, excluded.voided_at),
    void_reason = coalesce(c.void_reason, excluded.void_reason),
    state = case when c.intent_id is null and c.state in ('new', 'declined') then 'voided' else c.state end,
    updated_at = now()
returning *
"""

# The first to end the undoing says how it ended.
UNDONE = """
update gateways.stripe_charges c
set state = $2, refund_id = $3, amount_returned = $4, updated_at = now()
where c.key = $1 and gateways.stripe_rank(c.state) < gateways.stripe_rank($2)
"""

# Locks the charge by its unique intent: two refunds, or a refund and an undoing, are one after the other.
LOCK_BY_INTENT = "select * from gateways.stripe_charges c where c.intent_id = $1 for update"

# Walks the index on intent_id; what failed is not taken from the charge.
RESERVED = """
select coalesce(sum(r.amount), 0)::bigint from gateways.stripe_refunds r where r.intent_id = $1 and r.state <> 'failed'
"""

READ_REFUND = "select * from gateways.stripe_refunds r where r.key = $1"

RESERVE = """
insert into gateways.stripe_refunds (key, intent_id, amount, currency, reason)
values ($1, $2, $3, $4, $5)
on conflict on constraint stripe_refunds_pkey do nothing
returning *
"""

# Forward only: what has failed stays failed.
RECORD_REFUND = """
update gateways.stripe_refunds r
set refund_id = $2, state = $3
where r.key = $1 and (r.state = 'asked' or r.state = 'pending' and $3 <> 'asked')
"""


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A row of gateways.stripe_charges. order_id, amount and currency are there wherever a charge was asked for."""

    key: str
    order_id: str
    fingerprint: str | None
    amount: int
    currency: str
    attempt: int
    intent_id: str | None
    state: str
    decline_code: str | None
    decline_reason: str | None
    refund_id: str | None
    amount_returned: int
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A row of gateways.stripe_refunds. fresh: it was made just now, so that Stripe cannot know of it yet."""

    key: str
    intent_id: str
    refund_id: str | None
    amount: int
    currency: str
    state: str
    fresh: bool = False


class StripeLedger:
    """One row per key, for good. Every method is a statement or a transaction of its own, and no call lies within one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, request: ChargeRequest, fingerprint: str) -> ChargeRow:
        """The row of the request's key: new, or as it stands."""
        await self._pool.execute(
            BEGIN, request.key, request.order_id, fingerprint, request.amount, request.currency, request.attempt
        )
        return await self.reread(request.key)

    async def read(self, key: str) -> ChargeRow | None:
        row = await self._pool.fetchrow(READ, key)
        return _charge(row) if row else None

    async def reread(self, key: str) -> ChargeRow:
        row = await self.read(key)
        assert row is not None, "rows are for good"
        return row

    async def raise_attempt(self, row: ChargeRow, attempt: int) -> ChargeRow:
        """As of now it is this attempt; without an intent where the one before was declined."""
        await self._pool.execute(ATTEMPT, row.key, attempt, row.attempt)
        return await self.reread(row.key)

    async def store_intent(self, row: ChargeRow, intent_id: str) -> ChargeRow:
        """The row, with this intent, or with another one, or voided: whoever was first."""
        await self._pool.execute(STORE_INTENT, row.key, intent_id, row.attempt)
        return await self.reread(row.key)

    async def record(
        self,
        row: ChargeRow,
        state: str,
        *,
        held_until: datetime | None = None,
        decline: tuple[str, str] = ("", ""),
    ) -> None:
        """What Stripe has said of the row's intent. Nothing where the row is further already."""
        code, reason = decline
        await self._pool.execute(RECORD, row.key, row.intent_id, state, held_until, code or None, reason or None)

    async def bury(self, key: str, reason: str) -> ChargeRow:
        """Let nothing be charged under the key from now on."""
        row = await self._pool.fetchrow(BURY, key, reason)
        assert row is not None
        return _charge(row)

    async def undone(self, row: ChargeRow, state: str, refund_id: str | None = None, amount: int = 0) -> ChargeRow:
        await self._pool.execute(UNDONE, row.key, state, refund_id, amount)
        return await self.reread(row.key)

    async def find_refund(self, key: str) -> RefundRow | None:
        row = await self._pool.fetchrow(READ_REFUND, key)
        return _refund(row, fresh=False) if row else None

    async def reserve(self, request: RefundRequest) -> RefundRow:
        """Set the amount aside. Raises what PaymentGateway.refund refuses with."""
        async with self._pool.acquire() as connection, connection.transaction():
            charge = await connection.fetchrow(LOCK_BY_INTENT, request.payment_id)
            earlier = await connection.fetchrow(READ_REFUND, request.key)
            if earlier is not None:
                return _same(request, _refund(earlier, fresh=False))
            if charge is None:
                raise PaymentNotFound(request.payment_id)
            if charge["currency"] != request.currency:
                raise RefundCurrencyMismatch(request.payment_id, charge["currency"], request.currency)
            charged = charge["amount"] if charge["state"] in ("succeeded", "returned") else 0
            returned = await connection.fetchval(RESERVED, request.payment_id)
            if charge["voided_at"] is not None:
                returned = charged  # what is left of it goes back by the undoing
            if request.amount > charged - returned:
                raise RefundExceedsCharge(request.payment_id, charged, returned, request.amount)
            return await _insert(
                connection, request.key, request.payment_id, request.amount, request.currency, request.reason
            )

    async def reserve_rest(self, row: ChargeRow, key: str, at_most: int) -> RefundRow | None:
        """Set aside what is left of a voided charge; None where nothing is. at_most: what Stripe still has of it."""
        async with self._pool.acquire() as connection, connection.transaction():
            charge = await connection.fetchrow(LOCK_BY_INTENT, row.intent_id)
            assert charge is not None
            earlier = await connection.fetchrow(READ_REFUND, key)
            if earlier is not None and earlier["intent_id"] != row.intent_id:
                raise IdempotencyConflict(key)  # of before decision 22: taken for ours, this money would stay here
            if earlier is not None:
                return _refund(earlier, fresh=False)
            left = min(charge["amount"] - await connection.fetchval(RESERVED, row.intent_id), at_most)
            if left <= 0:
                return None
            return await _insert(connection, key, charge["intent_id"], left, charge["currency"], charge["void_reason"])

    async def record_refund(self, key: str, refund_id: str, state: str) -> None:
        await self._pool.execute(RECORD_REFUND, key, refund_id, state)


def _charge(row: asyncpg.Record) -> ChargeRow:
    return ChargeRow(**{field.name: row[field.name] for field in fields(ChargeRow)})


def _refund(row: asyncpg.Record, *, fresh: bool) -> RefundRow:
    names = (field.name for field in fields(RefundRow) if field.name != "fresh")
    return RefundRow(**{name: row[name] for name in names}, fresh=fresh)


def _same(request: RefundRequest, row: RefundRow) -> RefundRow:
    if (row.intent_id, row.amount, row.currency) != (request.payment_id, request.amount, request.currency):
        raise IdempotencyConflict(request.key)
    return row


async def _insert(connection: Any, key: str, *content: object) -> RefundRow:
    """Raises IdempotencyConflict where another payment's refund has taken the key meanwhile."""
    row = await connection.fetchrow(RESERVE, key, *content)
    if row is None:
        raise IdempotencyConflict(key)
    return _refund(row, fresh=True)
