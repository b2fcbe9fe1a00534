"""Changes of a payment at Stripe that this system did not request: refunds by hand, captures, releases and disputes.

Found from Stripe's present objects, never from the order of its events.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from gateways.payments import PaymentChange
from gateways.stripe import statements, statements_changes
from gateways.stripe.amounts import from_stripe
from gateways.stripe.api import StripeApi
from gateways.stripe.intents import StripeIntents
from gateways.stripe.ledger import ChargeRow, StripeLedger
from gateways.stripe.objects import Intent, StripeDispute
from gateways.stripe.refund_credits import RefundRow, uncredited
from gateways.stripe.refund_ledger import refund_row
from gateways.stripe.refunds import StripeRefunds
from orders.adjustments import AdjustmentAction

_DISPUTES: Final[dict[str, AdjustmentAction]] = {
    "needs_response": "disputed",
    "under_review": "disputed",
    "won": "dispute_won",
    "lost": "dispute_lost",
}
"""Action by the status of a dispute. An inquiry (warning_…) withdraws no money, and can be refunded."""


def changes_of(
    charge: ChargeRow, intent: Intent, refunds: Iterable[RefundRow], disputes: Iterable[StripeDispute]
) -> list[PaymentChange]:
    """The changes that Stripe's objects of a payment show, in minor units. Of a refund by hand the part that no request
    uses (`adjusted`); of a closed request the refund that Stripe made all the same, by a call that was lost before it was
    closed. An authorisation that ended by itself, or that we voided, is none."""

    def change(action: AdjustmentAction, reference: str, amount: int, reason: str | None = None) -> PaymentChange:
        return PaymentChange("stripe", action, reference, intent.id, amount, reason)

    found = [
        change("refunded", each.refund_id, each.adjusted if each.manual else each.sent)
        for each in sorted(refunds, key=lambda row: (row.at, row.key))
        if each.made and each.refund_id and (each.adjusted if each.manual else each.closed)
    ]
    if intent.status == "succeeded" and intent.received < intent.amount:
        found.append(change("captured", intent.id, from_stripe(intent.received, charge.currency)))
    if _is_released(charge, intent):
        found.append(change("released", intent.id, charge.amount))
    for each in sorted(disputes, key=lambda dispute: (dispute.created, dispute.id)):
        if each.status in _DISPUTES:
            found.append(change(_DISPUTES[each.status], each.id, disputed_amount(charge, each), each.reason))
    return found


def disputed_amount(charge: ChargeRow, dispute: StripeDispute) -> int:
    """The disputed amount in minor units of the charge's currency; all of the charge where the bank names another one."""
    return from_stripe(dispute.amount, charge.currency) if dispute.currency == charge.currency else charge.amount


def _is_released(charge: ChargeRow, intent: Intent) -> bool:
    return intent.status == "canceled" and intent.held and not intent.expired and charge.voided_at is None


class StripeChanges:
    """Reads a payment's objects at Stripe, records them in the ledger, and names the changes."""

    def __init__(
        self, pool: asyncpg.Pool, api: StripeApi, ledger: StripeLedger, intents: StripeIntents, refunds: StripeRefunds
    ) -> None:
        self._pool, self._api, self._ledger = pool, api, ledger
        self._intents, self._refunds = intents, refunds

    async def find(self, key: str, *, crediting: bool) -> list[PaymentChange]:
        charge = await self._ledger.find(key)
        if charge is None or charge.intent_id is None:
            return []
        intent = await self._api.retrieve(charge.intent_id)
        if not intent.held:
            return []
        await self._intents.record(charge, intent)
        await self._refunds.synced(intent.id, charge.currency)
        disputes = await self._api.disputes(intent.id) if intent.disputed else []
        return changes_of(charge, intent, await self._record(charge, intent, disputes, crediting), disputes)

    async def without_lost_disputes(self, intent: Intent) -> Intent:
        """Return the intent with the captured amount that lost disputes have left: Stripe refuses to refund more."""
        disputes = await self._api.disputes(intent.id) if intent.disputed else []
        lost = sum(each.amount for each in disputes if each.status == "lost")
        return replace(intent, received=max(intent.received - lost, 0))

    async def _record(
        self, charge: ChargeRow, intent: Intent, disputes: Sequence[StripeDispute], crediting: bool
    ) -> list[RefundRow]:
        """Record disputes and the released part, and set refunds by hand apart from requests; return the refunds."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(statements.LOCK_CHARGE, intent.id)
            await connection.execute(statements_changes.SET_RELEASED, intent.id, _released(charge, intent))
            for each in disputes:
                if each.status in _DISPUTES:
                    amount, state = disputed_amount(charge, each), _DISPUTES[each.status]
                    values = (each.id, intent.id, amount, state, each.created)
                    await connection.execute(statements_changes.RECORD_DISPUTE, *values)
            rows = list(map(refund_row, await connection.fetch(statements.READ_REFUNDS, [intent.id])))
            if not crediting and not any(row.is_open for row in rows):
                for key, amount in uncredited(rows).items():
                    await connection.execute(statements_changes.SET_ADJUSTED, key, amount)
            return list(map(refund_row, await connection.fetch(statements.READ_REFUNDS, [intent.id])))


def _released(charge: ChargeRow, intent: Intent) -> int:
    if _is_released(charge, intent):
        return charge.amount
    return charge.amount - from_stripe(intent.received, charge.currency) if intent.status == "succeeded" else 0
