"""What was asked of Stripe and what it said last, in schema gateways: kept for good, where Stripe forgets its keys."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

import asyncpg

from gateways.protocols import ChargeRequest

CHARGE_STATES: Final = {"requires_capture": "authorised", "succeeded": "succeeded"}
"""The ledger's state of a charge, by an intent's status that says money is held or taken."""

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

# By the primary key: of two processes that were given the same answer one raises the number.
ASK_AGAIN = (
    "update gateways.stripe_charges c set asks = c.asks + 1, updated_at = now() where c.key = $1 and c.asks = $2"
)


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A row of gateways.stripe_charges. order_id, amount and currency are there wherever a charge was asked for.

    asks: number of the idempotency keys.
    """

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
    asks: int

    @property
    def repeat(self) -> tuple[int, ...]:
        """The last part of the idempotency keys; empty at first, as keys were before they had it."""
        return () if self.asks == 1 else (self.asks,)


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

    async def ask_again(self, row: ChargeRow) -> None:
        """Use new keys from now on: Stripe would repeat its answer under the row's."""
        await self._pool.execute(ASK_AGAIN, row.key, row.asks)


def _charge(row: asyncpg.Record) -> ChargeRow:
    return ChargeRow(**{field.name: row[field.name] for field in fields(ChargeRow)})
