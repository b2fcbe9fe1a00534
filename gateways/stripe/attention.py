"""Charges and refunds at Stripe that need an operator: authorisations that end soon, open disputes, and failed refunds."""

from collections.abc import AsyncGenerator, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from gateways.stripe import statements, statements_changes
from gateways.stripe.refund_credits import RefundRow, manual_credits
from gateways.stripe.refund_ledger import StripeRefundLedger

_PAGE: Final = 200
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

Pages = AsyncGenerator[list[asyncpg.Record], None]


def ending_authorisations(pool: asyncpg.Pool, within: timedelta) -> Pages:
    """Pages of authorisations that end within this time and are neither captured nor voided, the earliest first."""
    return _pages(pool, statements.ENDING_AUTHORISATIONS, "until", within)


def open_disputes(pool: asyncpg.Pool) -> Pages:
    """Pages of open disputes with their orders, the oldest first."""
    return _pages(pool, statements_changes.OPEN_DISPUTES, "at")


def failed_refunds(pool: asyncpg.Pool) -> Pages:
    """Pages of failed refunds with their orders, the oldest first."""
    return _pages(pool, statements.FAILED_REFUNDS, "at")


async def uncovered_refunds(pool: asyncpg.Pool, intent_ids: Collection[str]) -> dict[str, tuple[RefundRow, int]]:
    """Return the failed refunds of these intents that manual refunds do not cover, by key, with the amount still due.

    Each refund is judged alone: a manual refund credited to one does not cover another, nor does a later requested refund.
    """
    uncovered = {}
    for rows in (await StripeRefundLedger(pool).of_intents(list(intent_ids))).values():
        credits = manual_credits(rows)
        for row in rows:
            if row.state == "failed" and (due := row.coverable - credits[row.key]) > 0:
                uncovered[row.key] = row, min(due, row.sent)
    return uncovered


async def _pages(pool: asyncpg.Pool, query: str, sorted_by: str, *arguments: object) -> Pages:
    after, key = _BEGINNING, ""
    while page := await pool.fetch(query, *arguments, after, key, _PAGE):
        yield page
        after, key = page[-1][sorted_by], page[-1]["key"]
