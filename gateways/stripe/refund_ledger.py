"""Ledger of refunds at Stripe, in schema gateways: the refunds of ours, and those that people make there by hand."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import asyncpg

from gateways.protocols import (
    IdempotencyConflict,
    PaymentNotFound,
    RefundCurrencyMismatch,
    RefundExceedsCharge,
    RefundRequest,
)
from gateways.stripe.by_hand import RefundRow

REFUND_STATES: Final = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
"""The ledger's state of a refund, by its final status at Stripe; any other is pending."""

# Locks the charge by its unique intent: two refunds, or a refund and an undoing, are one after the other.
LOCK_BY_INTENT: Final = "select * from gateways.stripe_charges c where c.intent_id = $1 for update"

# Walks the index on intent_id. Refunds by hand are for the provider to count: they leave less to give, and refuse nothing.
_REQUESTED: Final = """
select coalesce(sum(r.by_hand + case when r.state = 'settled' then 0 else coalesce(r.asking, r.amount) end), 0)::bigint
from gateways.stripe_refunds r where r.intent_id = $1 and r.state <> 'failed' and not r.manual
"""

# By the primary key.
_READ: Final = "select * from gateways.stripe_refunds r where r.key = $1"

# Walks the index on intent_id.
_READ_ALL: Final = "select * from gateways.stripe_refunds r where r.intent_id = $1"

# Looks each intent up in the index on intent_id.
_READ_OF: Final = "select * from gateways.stripe_refunds r where r.intent_id = any($1::text[])"

# The charge by its unique intent, the refund by its unique refund_id.
_KNOWN: Final = """
select c.order_id, c.currency, r.state
from gateways.stripe_charges c
left join gateways.stripe_refunds r on r.refund_id = $2 and r.intent_id = c.intent_id
where c.intent_id = $1
"""

# Reads the table: `orders recover` alone asks for this.
_MADE_SINCE: Final = """
select c.order_id, r.*
from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
where r.state in ('pending', 'succeeded') and r.at >= $1
order by r.at, r.key
"""

RESERVE: Final = """
insert into gateways.stripe_refunds (key, intent_id, amount, currency, reason, at)
values ($1, $2, $3, $4, $5, coalesce($6, now()))
on conflict on constraint stripe_refunds_pkey do nothing
"""

# By the primary key, and only as the caller has read it: of two processes with different amounts one goes on. Stripe
# refuses another amount under a key that it knows, so that a new amount needs a new key.
_ASK: Final = """
update gateways.stripe_refunds r
set asks = r.asks + case when coalesce(r.asking, r.amount) = $3 then 0 else 1 end, asking = $3, by_hand = $4
where r.key = $1 and r.asks = $2 and r.state = 'asked'
returning *
"""

# By the primary key: of two processes that were given the same answer one raises the number.
_ASK_AGAIN: Final = "update gateways.stripe_refunds r set asks = r.asks + 1 where r.key = $1 and r.asks = $2"

# By the primary key.
_SETTLE: Final = """
update gateways.stripe_refunds r set state = 'settled', by_hand = $3
where r.key = $1 and r.asks = $2 and r.state = 'asked'
"""

# By the primary key, where no other refund was recorded under it. States move forward only. The amount is the one made:
# a request for another amount may have arrived late.
_MOVE: Final = """
update gateways.stripe_refunds r
set refund_id = $2, state = $4, asking = $5
where r.key = $1 and r.intent_id = $3 and (r.refund_id = $2 or r.refund_id is null)
    and gateways.stripe_refund_rank(r.state) < gateways.stripe_refund_rank($4)
"""

# By the unique refund_id.
_BOUND: Final = "select r.key from gateways.stripe_refunds r where r.refund_id = $1"

# A refund without a row of ours, by the primary key and the unique refund_id.
_ADOPT: Final = """
insert into gateways.stripe_refunds (key, intent_id, amount, currency, reason, at, manual)
select $1, $2, $3, $4, $5, $6, $7
where not exists (select from gateways.stripe_refunds r where r.refund_id = $8)
on conflict on constraint stripe_refunds_pkey do nothing
"""


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """A refund as Stripe has it, in minor units. key: ours, from its metadata; None where a person made it."""

    id: str
    key: str | None
    amount: int
    currency: str
    state: str
    created: datetime


@dataclass(frozen=True, slots=True)
class KnownRefund:
    """The ledger on a refund at Stripe. state: None where it has no row with that refund's id."""

    order_id: str
    currency: str
    state: str | None


class StripeRefundLedger:
    """One row per refund, for good. Every method is a transaction of its own, and no call to Stripe lies within one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find(self, key: str) -> RefundRow | None:
        row = await self._pool.fetchrow(_READ, key)
        return _refund(row) if row else None

    async def known(self, intent_id: str, refund_id: str) -> KnownRefund | None:
        """The refund as the ledger has it; None where the ledger has no charge with that intent."""
        row = await self._pool.fetchrow(_KNOWN, intent_id, refund_id)
        return KnownRefund(**row) if row else None

    async def made_since(self, since: datetime) -> list[tuple[str, RefundRow]]:
        """The refunds of charges of ours that count as made, requested since then, each with its order's id."""
        return [(row["order_id"], _refund(row)) for row in await self._pool.fetch(_MADE_SINCE, since)]

    async def of_intents(self, intent_ids: Sequence[str]) -> Mapping[str, list[RefundRow]]:
        """All refunds of these intents, by intent."""
        rows: dict[str, list[RefundRow]] = defaultdict(list)
        for row in await self._pool.fetch(_READ_OF, intent_ids):
            rows[row["intent_id"]].append(_refund(row))
        return rows

    async def reserve(self, request: RefundRequest) -> RefundRow:
        """Set the amount aside. Raises what PaymentGateway.refund refuses with."""
        async with self._pool.acquire() as connection, connection.transaction():
            charge = await connection.fetchrow(LOCK_BY_INTENT, request.payment_id)
            earlier = await connection.fetchrow(_READ, request.key)
            if earlier is not None:
                return _same(request, _refund(earlier))
            if charge is None:
                raise PaymentNotFound(request.payment_id)
            if charge["currency"] != request.currency:
                raise RefundCurrencyMismatch(request.payment_id, charge["currency"], request.currency)
            charged = charge["amount"] if charge["state"] in ("succeeded", "returned") else 0
            returned = await connection.fetchval(_REQUESTED, request.payment_id)
            if charge["voided_at"] is not None:
                returned = charged  # what is left of it goes back by the undoing
            if request.amount > charged - returned:
                raise RefundExceedsCharge(request.payment_id, charged, returned, request.amount)
            content = (request.payment_id, request.amount, request.currency, request.reason, request.requested_at)
            await connection.execute(RESERVE, request.key, *content)
            # Another payment's refund may have taken the key meanwhile.
            return _same(request, _refund(await connection.fetchrow(_READ, request.key)))

    async def reserve_rest(self, key: str, intent_id: str, amount: int, currency: str, reason: str) -> RefundRow:
        """The row of a voided charge's refund: new, or as it is. Raises IdempotencyConflict where it is another charge's."""
        await self._pool.execute(RESERVE, key, intent_id, amount, currency, reason, None)
        row = _refund(await self._pool.fetchrow(_READ, key))
        if row.intent_id != intent_id:
            raise IdempotencyConflict(key)  # of before decision 22: taken for ours, this money would stay here
        return row

    async def sync(self, intent_id: str, seen: Iterable[SeenRefund]) -> Mapping[str, RefundRow]:
        """Record all refunds of an intent as Stripe has them; the rows of the intent after that, by key."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK_BY_INTENT, intent_id)
            # Of several under one key, the one that was made is ours.
            for refund in sorted(seen, key=lambda each: (each.state == "failed", each.created)):
                await note_refund(connection, intent_id, refund)
            rows = await connection.fetch(_READ_ALL, intent_id)
        return {row["key"]: _refund(row) for row in rows}

    async def ask(self, row: RefundRow, amount: int, by_hand: int) -> RefundRow | None:
        """Have the row ask for this amount, under a new key where it is another; None where the row has changed."""
        changed = await self._pool.fetchrow(_ASK, row.key, row.asks, amount, by_hand)
        return _refund(changed) if changed else None

    async def ask_again(self, row: RefundRow) -> None:
        """Use a new key from now on: Stripe would repeat its answer under this one."""
        await self._pool.execute(_ASK_AGAIN, row.key, row.asks)

    async def settle(self, row: RefundRow, by_hand: int) -> None:
        """Close the row without a refund of ours. No effect where the row has changed."""
        await self._pool.execute(_SETTLE, row.key, row.asks, by_hand)


async def note_refund(connection: Any, intent_id: str, seen: SeenRefund) -> None:
    """Record a refund under our key, or adopt it: made by hand, or a second one under a key of ours."""
    key = await connection.fetchval(_BOUND, seen.id)
    if key is None and seen.key is not None:
        await _adopt(connection, seen.key, intent_id, seen, "found at Stripe", manual=False)
        await connection.execute(_MOVE, seen.key, seen.id, intent_id, seen.state, seen.amount)
        key = await connection.fetchval(_BOUND, seen.id)
    if key is None:
        key = f"stripe:{seen.id}"
        await _adopt(connection, key, intent_id, seen, "made at Stripe by hand", manual=True)
    await connection.execute(_MOVE, key, seen.id, intent_id, seen.state, seen.amount)


async def _adopt(connection: Any, key: str, intent_id: str, seen: SeenRefund, reason: str, *, manual: bool) -> None:
    await connection.execute(_ADOPT, key, intent_id, seen.amount, seen.currency, reason, seen.created, manual, seen.id)


def _refund(row: asyncpg.Record | None) -> RefundRow:
    assert row is not None, "rows are for good"
    return RefundRow(**{field.name: row[field.name] for field in fields(RefundRow)})


def _same(request: RefundRequest, row: RefundRow) -> RefundRow:
    if (row.intent_id, row.amount, row.currency) != (request.payment_id, request.amount, request.currency):
        raise IdempotencyConflict(request.key)
    return row
