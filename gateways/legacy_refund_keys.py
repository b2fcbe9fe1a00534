"""Refunds requested before decision 22, under a key that two refunds could share. Delete this once none is open."""

import asyncpg

from gateways.statements import IS_REFUND_OF


class LegacyRefundKeys:
    """Looks a legacy key up in all ledgers, so that a refund is not requested again under its new key."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def is_refund_of(self, payment_id: str, key: str) -> bool:
        """True if the key is of a refund of this payment, not of another order's."""
        return bool(await self._pool.fetchval(IS_REFUND_OF, key, payment_id))
