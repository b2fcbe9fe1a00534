"""Ledger of shipments at EasyPost, one row per key. A statement has no effect if the row changed in the meantime."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from gateways.easypost import statements

VOIDED: Final = ("voiding", "voided", "void_refused")
"""States of a voided key."""


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A key's row. buying_seconds: time for which a purchase may still be in progress; no other may begin before."""

    state: str
    fingerprint: str | None
    shipment_id: str | None
    tracking_number: str | None
    carrier: str | None
    refusal_reason: str | None
    buying_seconds: float | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase, identified by its time limit. earlier: time until which earlier purchases may still make a label."""

    until: datetime
    earlier: datetime | None


class EasyPostLedger:
    """Rows of gateways.easypost_shipments. Methods that return bool return False if the row changed in the meantime."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def open(self, key: str, order_id: str, fingerprint: str) -> ShipmentRow:
        """Return the key's row, inserted if there is none."""
        await self._pool.execute(statements.OPEN, key, order_id, fingerprint)
        return await self.read(key)

    async def open_voided(self, key: str, reason: str) -> ShipmentRow:
        """Return the key's row, inserted as voided if there is none."""
        await self._pool.execute(statements.OPEN_VOIDED, key, reason)
        return await self.read(key)

    async def read(self, key: str) -> ShipmentRow:
        row = await self.find(key)
        if row is None:
            raise RuntimeError("rows are never deleted")
        return row

    async def find(self, key: str) -> ShipmentRow | None:
        row = await self._pool.fetchrow(statements.READ, key)
        return ShipmentRow(**row) if row else None

    async def store(self, key: str, shipment_id: str) -> bool:
        return await self._changed(statements.STORE, key, shipment_id)

    async def begin_purchase(self, key: str, seconds: float, may_appear: float) -> Purchase | None:
        """Begin a purchase, or return None if one is in progress. seconds: no other may begin before. may_appear: seconds for
        which its label may still appear."""
        row = await self._pool.fetchrow(statements.BEGIN_PURCHASE, key, seconds, may_appear)
        return Purchase(**row) if row else None

    async def end_purchase(self, key: str, purchase: Purchase) -> bool:
        """End a purchase without an effect, so that another may begin at once."""
        return await self._changed(statements.END_PURCHASE, key, purchase.until, purchase.earlier)

    async def record_label(self, key: str, tracking_number: str, carrier: str) -> ShipmentRow:
        """Record a label and return the row; in a voided row, the label is to be refunded."""
        await self._pool.execute(statements.RECORD_LABEL, key, tracking_number, carrier)
        return await self.read(key)

    async def refuse(self, key: str, reason: str) -> ShipmentRow:
        """Record a final refusal, unless the row changed in the meantime, and return the row."""
        await self._pool.execute(statements.REFUSE, key, reason)
        return await self.read(key)

    async def void_bought(self, key: str, reason: str) -> bool:
        """Void a key whose label is to be refunded."""
        return await self._changed(statements.VOID_BOUGHT, key, reason)

    async def void_unbought(self, key: str, reason: str) -> bool:
        """Void a key without a label: no purchase begins any more. Pending if one may have made a label."""
        return await self._changed(statements.VOID_UNBOUGHT, key, reason)

    async def complete_void(self, key: str) -> bool:
        """Complete a void after the time in which a label could appear."""
        return await self._changed(statements.COMPLETE_VOID, key)

    async def record_refund(self, key: str, state: str) -> None:
        """Record the status of a label's refund: voiding, void_refused or voided, which is final."""
        await self._pool.execute(statements.RECORD_REFUND, key, state)

    async def _changed(self, statement: str, *arguments: object) -> bool:
        return (await self._pool.execute(statement, *arguments)) == "UPDATE 1"
