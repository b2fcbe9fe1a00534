"""Money at Stripe that needs an operator: authorisations that end soon, disputes, and refunds that did not reach the
customer."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Final

import asyncpg

from activities.signatures import CAPTURE_PAYMENT
from gateways.stripe.attention import Pages, ending_authorisations, failed_refunds, open_disputes, uncovered_refunds
from gateways.stripe.refund_credits import RefundRow
from open_work.kinds import Stuck
from open_work.sources import Sources
from order_streams.folded import statuses
from orders.money import format_money
from orders.names import kind_of

NOTICE: Final = timedelta(hours=24)


async def money_at_risk(sources: Sources) -> AsyncGenerator[Stuck, None]:
    """Holds within a day of their end that are neither captured nor voided, then open disputes, then refunds that failed; the
    oldest first."""
    async for page in _with_status(sources, ending_authorisations(sources.pool, NOTICE)):
        for row, state in page:
            money, since = format_money(row["amount"], row["currency"]), row["until"] - NOTICE
            ends = f"{'ended' if row['ended'] else 'ends'} at {row['until']:%Y-%m-%d %H:%M} UTC"
            words = f"the hold of {money} {ends}: have the order shipped, or cancel it"
            yield Stuck("holdEnding", row["order_id"], state, CAPTURE_PAYMENT.name, since, words)
    async for page in _with_status(sources, open_disputes(sources.pool)):
        for row, state in page:
            money = format_money(row["amount"], row["currency"])
            words = f"the customer disputes {money} as {row['key']}: answer it at Stripe before its deadline"
            yield Stuck("disputed", row["order_id"], state, "dispute", row["at"], words)
    async for page in _with_status(sources, failed_refunds(sources.pool)):
        uncovered = await uncovered_refunds(sources.pool, {row["intent_id"] for row, _ in page})
        for row, state in page:
            if row["key"] in uncovered:
                step = kind_of(row["key"], row["order_id"])
                words = _remedy(*uncovered[row["key"]], row["order_id"])
                yield Stuck("refundFailed", row["order_id"], state, step, row["at"], words)


def _remedy(row: RefundRow, due: int, order_id: str) -> str:
    what = "the money" if due == row.sent else f"the other {format_money(due, row.currency)}"
    how = f"came back as {row.refund_id}" if row.refund_id else "is not returned by Stripe"
    settle = f"`orders refunds settle {order_id}`"
    amount = format_money(row.sent, row.currency)
    return f"{amount} {how}: return {what} in Stripe's dashboard, or in another way and then close it by {settle}"


async def _with_status(sources: Sources, pages: Pages) -> AsyncGenerator[list[tuple[asyncpg.Record, str | None]], None]:
    """The pages, each row with its order's status."""
    async for page in pages:
        states = await statuses(sources.pool, sources.codec, (row["order_id"] for row in page))
        yield [(row, states.get(row["order_id"])) for row in page]
