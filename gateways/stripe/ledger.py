"""Ledger of charges at Stripe, in schema gateways. Permanent, while Stripe forgets idempotency keys after a day."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

import asyncpg

from gateways.payments import ChargeRequest
from gateways.stripe import statements

CHARGE_STATES: Final = {"requires_capture": "authorised", "succeeded": "succeeded"}
"""Ledger state of a charge, by the status of an intent whose money is authorised or captured."""


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A row of gateways.stripe_charges. A tombstone without a request has no order_id, amount or currency.

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
    def key_suffix(self) -> tuple[int, ...]:
        """Last part of the idempotency keys: empty for the first keys, which had no number before keys were renewed."""
        return () if self.asks == 1 else (self.asks,)


class StripeLedger:
    """One permanent row per key. Every method is a statement or transaction of its own; no call to Stripe lies within one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, request: ChargeRequest, fingerprint: str) -> ChargeRow:
        """Return the row of the request's key, inserted if there is none."""
        await self._pool.execute(
            statements.BEGIN_CHARGE,
            request.key,
            request.order_id,
            fingerprint,
            request.amount,
            request.currency,
            request.attempt,
        )
        return await self.read(request.key)

    async def find(self, key: str) -> ChargeRow | None:
        row = await self._pool.fetchrow(statements.READ_CHARGE, key)
        return _charge(row) if row else None

    async def read(self, key: str) -> ChargeRow:
        row = await self.find(key)
        assert row is not None, "rows are permanent"
        return row

    async def raise_attempt(self, row: ChargeRow, attempt: int) -> ChargeRow:
        """Begin this attempt; after a decline, without an intent."""
        await self._pool.execute(statements.RAISE_ATTEMPT, row.key, attempt, row.attempt)
        return await self.read(row.key)

    async def store_intent(self, row: ChargeRow, intent_id: str) -> ChargeRow:
        """Store the intent and return the row: a concurrent call may have stored another one, or voided the key."""
        await self._pool.execute(statements.STORE_INTENT, row.key, intent_id, row.attempt)
        return await self.read(row.key)

    async def record(
        self,
        row: ChargeRow,
        state: str,
        *,
        held_until: datetime | None = None,
        decline: tuple[str, str] = ("", ""),
    ) -> None:
        """Record the state of the row's intent. No effect if the row has a later state."""
        code, reason = decline
        await self._pool.execute(
            statements.RECORD_CHARGE, row.key, row.intent_id, state, held_until, code or None, reason or None
        )

    async def void(self, key: str, reason: str) -> ChargeRow:
        """Set the tombstone: no charge begins under the key any more."""
        row = await self._pool.fetchrow(statements.VOID_CHARGE, key, reason)
        assert row is not None
        return _charge(row)

    async def record_void(self, row: ChargeRow, state: str, refund_id: str | None = None, amount: int = 0) -> ChargeRow:
        """Record the result of a void, unless one is recorded, and return the row."""
        await self._pool.execute(statements.RECORD_VOID, row.key, state, refund_id, amount)
        return await self.read(row.key)

    async def renew_keys(self, row: ChargeRow) -> None:
        """Use new idempotency keys for later calls: Stripe repeats its answer under the current ones."""
        await self._pool.execute(statements.RENEW_CHARGE_KEYS, row.key, row.asks)


def _charge(row: asyncpg.Record) -> ChargeRow:
    return ChargeRow(**{field.name: row[field.name] for field in fields(ChargeRow)})
