"""Refunds that were asked for before decision 22 under a key that two of them could share. Delete this once none is open."""

import asyncpg

# By the primary keys of both ledgers.
_BELONGS = """
select exists (select from simulated.refunds r where r.origin = 'refund' and r.key = $1 and r.payment_id = $2)
    or exists (select from gateways.stripe_refunds r where r.key = $1 and r.intent_id = $2)"""


class OlderKeys:
    """Reads the ledgers of all gateways, so that what was asked for is not asked for again under another key."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def is_refund_of(self, payment_id: str, key: str) -> bool:
        """Whether the key is that of a refund of this payment, and not of another order's."""
        return bool(await self._pool.fetchval(_BELONGS, key, payment_id))
