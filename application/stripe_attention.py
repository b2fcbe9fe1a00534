"""Money at Stripe that somebody has to look after: holds that end soon, and refunds that did not reach the customer."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from activities.signatures import CAPTURE_PAYMENT
from application.stuck import Stuck
from audit.streams import read_orders
from bootstrap import App
from orders.money import format_money
from orders.names import kind_of

NOTICE: Final = timedelta(hours=24)
_PAGE: Final = 200

# A page along stripe_charges_authorised_idx.
_EXPIRING: Final = """
select c.key, c.order_id, c.amount, c.currency, c.authorised_until as until, now() >= c.authorised_until as ended
  from gateways.stripe_charges c
 where c.state = 'authorised' and c.voided_at is null and c.authorised_until < now() + $1::interval
   and (c.authorised_until, c.key) > ($2, $3)
 order by c.authorised_until, c.key limit $4"""

# A page along stripe_refunds_failed_idx, without those that were made good by another refund of the same charge.
_FAILED: Final = """
select r.key, c.order_id, r.refund_id, r.amount, r.currency, r.at
  from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
 where r.state = 'failed' and (r.at, r.key) > ($1, $2)
   and not exists (select from gateways.stripe_refunds o where o.intent_id = r.intent_id and o.state <> 'failed'
                      and o.at > r.at and o.amount >= r.amount)
 order by r.at, r.key limit $3"""
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def money_at_risk(app: App) -> AsyncGenerator[Stuck, None]:
    """Holds within a day of their end that are neither captured nor voided, then refunds that failed; the oldest first."""
    async for row, state in _rows(app, _EXPIRING, "until", NOTICE):
        money, since = format_money(row["amount"], row["currency"]), row["until"] - NOTICE
        ends = f"{'ended' if row['ended'] else 'ends'} at {row['until']:%Y-%m-%d %H:%M} UTC"
        words = f"the hold of {money} {ends}: have the order shipped, or cancel it"
        yield Stuck("holdEnding", row["order_id"], state, CAPTURE_PAYMENT.name, since, words)
    async for row, state in _rows(app, _FAILED, "at"):
        words = f"{format_money(row['amount'], row['currency'])} came back as {row['refund_id'] or 'no refund'}: "
        words += "return the money in Stripe's dashboard, or another way"
        yield Stuck("refundFailed", row["order_id"], state, kind_of(row["key"], row["order_id"]), row["at"], words)


async def _rows(
    app: App, query: str, ordered_by: str, *arguments: object
) -> AsyncGenerator[tuple[asyncpg.Record, str | None], None]:
    """The rows, in pages, each with its order's status."""
    after, key = _BEGINNING, ""
    while page := await app.pool.fetch(query, *arguments, after, key, _PAGE):
        orders = await read_orders(app.pool, app.codec, list({row["order_id"] for row in page}))
        states = {order.order_id: order.state.status for order in orders if order.state}
        for row in page:
            yield row, states.get(row["order_id"])
        after, key = page[-1][ordered_by], page[-1]["key"]
