"""Orders whose payment may have changed at Stripe since a time, for a comparison of each."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from gateways.stripe import statements, statements_changes
from gateways.stripe.api import StripeApi
from gateways.stripe.refund_ledger import REFUND_STATES, StripeRefundLedger

_KEPT_IN_SIGHT: Final = timedelta(days=30)
"""The age up to which a refund by hand may come to be recorded by itself, once the requests before it are closed."""


async def changed_orders(pool: asyncpg.Pool, api: StripeApi, since: datetime) -> AsyncIterator[str]:
    """Yield each order once: with a refund or dispute since then that the ledger lacks or knows in another state, an open
    dispute, an authorisation, or a refund by hand that no stream records. The cost is linear in these."""
    seen: set[str] = set()
    async for order_id in _changed(pool, api, since):
        if order_id not in seen:
            seen.add(order_id)
            yield order_id


async def _changed(pool: asyncpg.Pool, api: StripeApi, since: datetime) -> AsyncIterator[str]:
    ledger = StripeRefundLedger(pool)
    async for refund in api.refunds_since(since):
        known = await ledger.known(refund.intent_id, refund.id) if refund.intent_id and refund.moved_money else None
        if known is not None and known.state != REFUND_STATES.get(refund.status, "pending"):
            yield known.order_id
    async for dispute in api.disputes_since(since):
        order_id = await pool.fetchval(statements.ORDER_OF_INTENT, dispute.intent_id)
        if order_id is not None:
            yield order_id
    for row in await pool.fetch(statements_changes.OPEN_PAYMENTS, since - _KEPT_IN_SIGHT):
        yield row["order_id"]
