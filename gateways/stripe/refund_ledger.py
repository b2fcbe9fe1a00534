"""Ledger of refunds at Stripe, in schema gateways: requested here, or made manually at Stripe."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import asyncpg

from gateways.errors import IdempotencyConflict, PaymentNotFound, RefundCurrencyMismatch, RefundExceedsCharge
from gateways.payments import RefundRequest
from gateways.stripe import statements
from gateways.stripe.refund_credits import RefundRow

REFUND_STATES: Final = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
"""Ledger state of a refund, by its final status at Stripe; any other status is pending."""


def has_moved_money(status: object, key: object, balance_transaction: object) -> bool:
    """False for the uncaptured rest of an authorisation: Stripe lists it as a succeeded refund without a balance transaction.

    A refund with our key always counts: an overlooked one would be made again.
    """
    return key is not None or status != "succeeded" or balance_transaction is not None


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """A refund at Stripe, in minor units. key: ours, from its metadata; None if it was made by hand."""

    id: str
    key: str | None
    amount: int
    currency: str
    state: str
    created: datetime


@dataclass(frozen=True, slots=True)
class KnownRefund:
    """A refund at Stripe of a charge in the ledger. state: None if the ledger has no row with the refund's id."""

    order_id: str
    currency: str
    state: str | None


class StripeRefundLedger:
    """One permanent row per refund. Every method is a transaction of its own; no call to Stripe lies within one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find(self, key: str) -> RefundRow | None:
        row = await self._pool.fetchrow(statements.READ_REFUND, key)
        return refund_row(row) if row else None

    async def known(self, intent_id: str, refund_id: str) -> KnownRefund | None:
        """Return the refund as the ledger has it; None if the ledger has no charge with this intent."""
        row = await self._pool.fetchrow(statements.KNOWN_REFUND, intent_id, refund_id)
        return KnownRefund(**row) if row else None

    async def made_since(self, since: datetime) -> list[tuple[str, RefundRow]]:
        """Return the refunds that count as made and were requested since then, each with its order's id."""
        return [
            (row["order_id"], refund_row(row)) for row in await self._pool.fetch(statements.REFUNDS_MADE_SINCE, since)
        ]

    async def of_intents(self, intent_ids: Sequence[str]) -> Mapping[str, list[RefundRow]]:
        rows: dict[str, list[RefundRow]] = defaultdict(list)
        for row in await self._pool.fetch(statements.READ_REFUNDS, intent_ids):
            rows[row["intent_id"]].append(refund_row(row))
        return rows

    async def reserve(self, request: RefundRequest) -> RefundRow:
        """Reserve the amount and return the row. Raises the refusals of PaymentGateway.refund."""
        async with self._pool.acquire() as connection, connection.transaction():
            charge = await connection.fetchrow(statements.LOCK_CHARGE, request.payment_id)
            earlier = await connection.fetchrow(statements.READ_REFUND, request.key)
            if earlier is not None:
                return _checked(request, refund_row(earlier))
            if charge is None:
                raise PaymentNotFound(request.payment_id)
            if charge["currency"] != request.currency:
                raise RefundCurrencyMismatch(request.payment_id, charge["currency"], request.currency)
            charged = charge["amount"] if charge["state"] in ("succeeded", "returned") else 0
            returned = await connection.fetchval(statements.REQUESTED_AMOUNT, request.payment_id)
            if charge["voided_at"] is not None:
                returned = charged  # the void refunds the rest
            if request.amount > charged - returned:
                raise RefundExceedsCharge(request.payment_id, charged, returned, request.amount)
            content = (request.payment_id, request.amount, request.currency, request.reason, request.requested_at)
            await connection.execute(statements.RESERVE_REFUND, request.key, *content)
            # A concurrent refund of another payment may have the key.
            return _checked(request, refund_row(await connection.fetchrow(statements.READ_REFUND, request.key)))

    async def reserve_rest(self, key: str, intent_id: str, amount: int, currency: str, reason: str) -> RefundRow:
        """Return the row of a voided charge's refund, inserted if there is none. Raises IdempotencyConflict if it belongs to
        another charge."""
        await self._pool.execute(statements.RESERVE_REFUND, key, intent_id, amount, currency, reason, None)
        row = refund_row(await self._pool.fetchrow(statements.READ_REFUND, key))
        if row.intent_id != intent_id:
            raise IdempotencyConflict(key)  # a key from before decision 22: this charge would not be refunded
        return row

    async def sync(self, intent_id: str, seen: Iterable[SeenRefund]) -> Mapping[str, RefundRow]:
        """Record the refunds of an intent at Stripe and return all its rows, by key."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(statements.LOCK_CHARGE, intent_id)
            # Of several refunds under one key, the one that did not fail gets the row.
            for refund in sorted(seen, key=lambda each: (each.state == "failed", each.created)):
                await record_refund(connection, intent_id, refund)
            rows = await connection.fetch(statements.READ_REFUNDS, [intent_id])
        return {row["key"]: refund_row(row) for row in rows}

    async def set_amount(self, row: RefundRow, amount: int, by_hand: int) -> RefundRow | None:
        """Set the amount to request, under a new key if it changes; None if the row changed in the meantime."""
        changed = await self._pool.fetchrow(statements.SET_REQUESTED_AMOUNT, row.key, row.asks, amount, by_hand)
        return refund_row(changed) if changed else None

    async def renew_key(self, row: RefundRow) -> None:
        """Use a new idempotency key for later calls: Stripe repeats its answer under the current one."""
        await self._pool.execute(statements.RENEW_REFUND_KEY, row.key, row.asks)

    async def refuse(self, row: RefundRow, *, is_closed: bool) -> None:
        """Record that Stripe never makes this refund, unless one was made. is_closed: it is no longer owed either."""
        await self._pool.execute(statements.REFUSE_REFUND, row.key, is_closed)

    async def close(self, key: str, row: RefundRow | RefundRequest) -> RefundRow:
        """Close a refund that is not made, and return its row, whose `closed` is False if it was made meanwhile."""
        intent_id = row.payment_id if isinstance(row, RefundRequest) else row.intent_id
        at = row.requested_at if isinstance(row, RefundRequest) else row.at
        await self._pool.execute(statements.CLOSE_REFUND, key, intent_id, row.amount, row.currency, "closed", at)
        return refund_row(await self._pool.fetchrow(statements.READ_REFUND, key))

    async def settle(self, row: RefundRow, by_hand: int) -> None:
        """Close the row without a refund by us. No effect if the row changed in the meantime."""
        await self._pool.execute(statements.SETTLE_REFUND, row.key, row.asks, by_hand)


async def record_refund(connection: Any, intent_id: str, seen: SeenRefund) -> None:
    """Record a refund under its key; a manual refund, or a second one under the same key, gets a row of its own."""
    key = await connection.fetchval(statements.KEY_OF_REFUND, seen.id)
    if key is None and seen.key is not None:
        await _adopt(connection, seen.key, intent_id, seen, "found at Stripe", manual=False)
        await connection.execute(statements.RECORD_REFUND, seen.key, seen.id, intent_id, seen.state, seen.amount)
        key = await connection.fetchval(statements.KEY_OF_REFUND, seen.id)
    if key is None:
        key = f"stripe:{seen.id}"
        await _adopt(connection, key, intent_id, seen, "made at Stripe by hand", manual=True)
    await connection.execute(statements.RECORD_REFUND, key, seen.id, intent_id, seen.state, seen.amount)


async def _adopt(connection: Any, key: str, intent_id: str, seen: SeenRefund, reason: str, *, manual: bool) -> None:
    values = (key, intent_id, seen.amount, seen.currency, reason, seen.created, manual, seen.id)
    await connection.execute(statements.ADOPT_REFUND, *values)


def refund_row(row: asyncpg.Record | None) -> RefundRow:
    """Convert a row of gateways.stripe_refunds."""
    assert row is not None, "rows are permanent"
    return RefundRow(**{field.name: row[field.name] for field in fields(RefundRow)})


def _checked(request: RefundRequest, row: RefundRow) -> RefundRow:
    if (row.intent_id, row.amount, row.currency) != (request.payment_id, request.amount, request.currency):
        raise IdempotencyConflict(request.key)
    return row
