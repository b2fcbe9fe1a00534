"""Money at Stripe that somebody has to look after: holds that end soon, and refunds that did not reach the customer."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from activities.signatures import CAPTURE_PAYMENT
from application.stuck import Stuck
from audit import Sources
from audit.streams import read_orders
from gateways.stripe.by_hand import RefundRow, credits_by_hand
from gateways.stripe.refund_ledger import StripeRefundLedger
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

# A page along stripe_refunds_failed_idx.
_FAILED: Final = """
select r.key, c.order_id, r.refund_id, r.intent_id, r.currency, r.at
  from gateways.stripe_refunds r join gateways.stripe_charges c using (intent_id)
 where r.state = 'failed' and (r.at, r.key) > ($1, $2)
 order by r.at, r.key limit $3"""
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def money_at_risk(sources: Sources) -> AsyncGenerator[Stuck, None]:
    """Holds within a day of their end that are neither captured nor voided, then refunds that failed; the oldest first."""
    async for row, state in _rows(sources, _EXPIRING, "until", NOTICE):
        money, since = format_money(row["amount"], row["currency"]), row["until"] - NOTICE
        ends = f"{'ended' if row['ended'] else 'ends'} at {row['until']:%Y-%m-%d %H:%M} UTC"
        words = f"the hold of {money} {ends}: have the order shipped, or cancel it"
        yield Stuck("holdEnding", row["order_id"], state, CAPTURE_PAYMENT.name, since, words)
    async for page in _pages(sources, _FAILED, "at"):
        owed = await _owed(sources, {row["intent_id"] for row, _ in page})
        for row, state in page:
            if row["key"] in owed:
                step = kind_of(row["key"], row["order_id"])
                yield Stuck("refundFailed", row["order_id"], state, step, row["at"], owed[row["key"]])


async def _owed(sources: Sources, intent_ids: set[str]) -> dict[str, str]:
    """The failed refunds that no person has made in full since, by key: what is to be done about each.

    Judged refund by refund: money given back for one does not cover another, nor does a later refund that was requested
    for itself.
    """
    owed = {}
    for rows in (await StripeRefundLedger(sources.pool).of_intents(list(intent_ids))).values():
        by_hand = credits_by_hand(rows)
        for row in rows:
            if row.state == "failed" and (rest := row.owed - by_hand[row.key]) > 0:
                owed[row.key] = _words(row, min(rest, row.asked))
    return owed


def _words(row: RefundRow, rest: int) -> str:
    what = "the money" if rest == row.asked else f"the other {format_money(rest, row.currency)}"
    came_back = f"{format_money(row.asked, row.currency)} came back as {row.refund_id or 'no refund'}"
    return f"{came_back}: return {what} in Stripe's dashboard, or another way"


async def _rows(
    sources: Sources, query: str, ordered_by: str, *arguments: object
) -> AsyncGenerator[tuple[asyncpg.Record, str | None], None]:
    """The rows, each with its order's status."""
    async for page in _pages(sources, query, ordered_by, *arguments):
        for each in page:
            yield each


async def _pages(
    sources: Sources, query: str, ordered_by: str, *arguments: object
) -> AsyncGenerator[list[tuple[asyncpg.Record, str | None]], None]:
    after, key = _BEGINNING, ""
    while page := await sources.pool.fetch(query, *arguments, after, key, _PAGE):
        orders = await read_orders(sources.pool, sources.codec, list({row["order_id"] for row in page}))
        states = {order.order_id: order.state.status for order in orders if order.state}
        yield [(row, states.get(row["order_id"])) for row in page]
        after, key = page[-1][ordered_by], page[-1]["key"]
