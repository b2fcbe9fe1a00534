"""Money at Stripe that needs an operator: authorisations that end soon, and refunds that did not reach the customer."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from activities.signatures import CAPTURE_PAYMENT
from gateways.stripe.by_hand import RefundRow, credits_by_hand
from gateways.stripe.refund_ledger import StripeRefundLedger
from open_work.kinds import Stuck
from open_work.sources import Sources
from open_work.statements import EXPIRING_AUTHORISATIONS, FAILED_REFUNDS
from order_streams.folded import read_orders
from orders.money import format_money
from orders.names import kind_of

NOTICE: Final = timedelta(hours=24)
_PAGE: Final = 200

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def money_at_risk(sources: Sources) -> AsyncGenerator[Stuck, None]:
    """Authorisations within a day of their end, neither captured nor voided, then refunds that failed; the oldest first."""
    async for row, state in _rows(sources, EXPIRING_AUTHORISATIONS, "until", NOTICE):
        money, since = format_money(row["amount"], row["currency"]), row["until"] - NOTICE
        ends = f"{'ended' if row['ended'] else 'ends'} at {row['until']:%Y-%m-%d %H:%M} UTC"
        words = f"the hold of {money} {ends}: have the order shipped, or cancel it"
        yield Stuck("holdEnding", row["order_id"], state, CAPTURE_PAYMENT.name, since, words)
    async for page in _pages(sources, FAILED_REFUNDS, "at"):
        owed = await _owed(sources, {row["intent_id"] for row, _ in page})
        for row, state in page:
            if row["key"] in owed:
                step = kind_of(row["key"], row["order_id"])
                yield Stuck("refundFailed", row["order_id"], state, step, row["at"], owed[row["key"]])


async def _owed(sources: Sources, intent_ids: set[str]) -> dict[str, str]:
    """The remedy of each failed refund that was not made in full by hand since, by key.

    Refund by refund: money given back for one does not cover another, nor does a later refund that was requested by itself.
    """
    owed = {}
    for rows in (await StripeRefundLedger(sources.pool).of_intents(list(intent_ids))).values():
        by_hand = credits_by_hand(rows)
        for row in rows:
            if row.state == "failed" and (rest := row.owed - by_hand[row.key]) > 0:
                owed[row.key] = _remedy(row, min(rest, row.asked))
    return owed


def _remedy(row: RefundRow, rest: int) -> str:
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
