"""Refunds by Stripe. The amount is computed from Stripe's own list of refunds at each request, and never exceeds the charge."""

from collections.abc import Mapping
from dataclasses import replace

from gateways.protocols import GatewayError, GatewayMisconfigured, GatewayUnavailable, Refund, RefundFailed
from gateways.stripe.amounts import from_stripe, to_stripe
from gateways.stripe.api import Intent, StripeApi, StripeRefund
from gateways.stripe.by_hand import RefundRow, credits_by_hand
from gateways.stripe.keys import idempotency_key
from gateways.stripe.ledger import ChargeRow
from gateways.stripe.refund_ledger import REFUND_STATES, SeenRefund, StripeRefundLedger
from orders.names import key_of_order

Rows = Mapping[str, RefundRow]


class StripeRefunds:
    """Looks for a refund of ours at Stripe first; where there is none, requests the amount that is due and left now."""

    def __init__(self, api: StripeApi, ledger: StripeRefundLedger) -> None:
        self._api, self._ledger = api, ledger

    async def give_back(self, reserved: RefundRow) -> Refund:
        """Have Stripe make the refund of this row, unless it is made or a person has made it. Raises RefundFailed."""
        intent = await self._api.retrieve(reserved.intent_id)
        rows = await self.synced(reserved.intent_id, reserved.currency)
        row = rows[reserved.key]
        if row.state == "asked":
            by_hand = credits_by_hand(rows.values())[row.key]
            due = min(row.amount - by_hand, _left(rows, row.key, intent, row.currency))
            rows = await self._request(row, due, by_hand, attempt=1)
        if _is_owed(rows, row.key):
            raise RefundFailed(row.key)
        return _answer(rows, rows[row.key])

    async def return_rest(self, charge: ChargeRow, intent: Intent, reason: str) -> Refund | None:
        """Give back what is left of a voided charge; the refunds that undo it, those by hand included, or None."""
        key = key_of_order("refund-payment", charge.order_id)
        rows = await self.synced(intent.id, charge.currency)
        left = _left(rows, key, intent, charge.currency)
        row = rows.get(key)
        if row is None and left > 0:
            row = await self._ledger.reserve_rest(key, intent.id, left, charge.currency, reason)
        if row is not None and row.state == "asked":
            rows = await self._request(row, left, 0, charge.attempt)
        if key in rows and rows[key].state == "failed" and left > 0:
            # An undoing does not give up: somebody has to see to it that the money goes back.
            raise GatewayMisconfigured("the refund has failed at Stripe: return the money in its dashboard")
        return _undoing(rows, key, intent.id)

    async def find(self, key: str) -> Refund | None:
        """The refund of this key, made or settled, as Stripe has it now; None where there is none, or it has failed."""
        row = await self._ledger.find(key)
        if row is None or row.manual or row.state == "failed":
            return None
        rows = await self.synced(row.intent_id, row.currency)
        return _answer(rows, rows[key]) if rows[key].made or rows[key].state == "settled" else None

    async def synced(self, intent_id: str, currency: str) -> Rows:
        """The refunds of an intent, after Stripe's list of them was recorded."""
        found = await self._api.refunds(intent_id)
        return await self._ledger.sync(intent_id, [_seen(each, currency) for each in found])

    async def _request(self, row: RefundRow, amount: int, by_hand: int, attempt: int) -> Rows:
        """Request this amount, or close the row where nothing is due; the intent's refunds after that."""
        if amount <= 0:
            await self._ledger.settle(row, by_hand)
            return await self._closed(row)
        asked = await self._ledger.ask(row, amount, by_hand)
        if asked is None:
            return await self._closed(row)
        key = idempotency_key(row.key, attempt, *asked.repeat)
        try:
            made = await self._api.refund(row.intent_id, to_stripe(amount, row.currency), {"key": row.key}, key)
        except GatewayError as failure:
            if failure.kept:
                await self._ledger.ask_again(asked)
            raise
        return await self._ledger.sync(row.intent_id, [replace(_seen(made, row.currency), key=row.key)])

    async def _closed(self, row: RefundRow) -> Rows:
        """The refunds of an intent, once this one is closed, by a concurrent request or by this one."""
        rows = await self._ledger.sync(row.intent_id, ())
        if rows[row.key].state == "asked":
            raise GatewayUnavailable("another request for this refund is in progress")
        return rows


def _seen(refund: StripeRefund, currency: str) -> SeenRefund:
    state = REFUND_STATES.get(refund.status, "pending")
    return SeenRefund(refund.id, refund.key, from_stripe(refund.amount, currency), currency, state, refund.created)


def _left(rows: Rows, key: str, intent: Intent, currency: str) -> int:
    """The part of the charge that no other refund has used up, or may have."""
    return from_stripe(intent.received, currency) - sum(row.taken for row in rows.values() if row.key != key)


def _is_owed(rows: Rows, key: str) -> bool:
    """Whether the refund has failed and no person has made it since."""
    return rows[key].state == "failed" and credits_by_hand(rows.values())[key] < rows[key].owed


def _answer(rows: Rows, row: RefundRow) -> Refund:
    if row.made:
        assert row.refund_id is not None
        return Refund(row.refund_id, row.intent_id, row.by_hand + row.asked)
    return Refund(_by_hand(rows) or f"{row.intent_id}:settled", row.intent_id, row.owed)


def _undoing(rows: Rows, key: str, intent_id: str) -> Refund | None:
    """All that went back by undoing a charge: by our refund, and by hand where it was for no requested refund."""
    ours = rows[key] if key in rows and rows[key].made else None
    by_hand = sum(row.taken for row in rows.values() if row.manual) - sum(row.by_hand for row in rows.values())
    refund_id, amount = ours.refund_id if ours else _by_hand(rows), (ours.asked if ours else 0) + by_hand
    return Refund(refund_id, intent_id, amount) if refund_id and amount > 0 else None


def _by_hand(rows: Rows) -> str | None:
    """The last refund by hand that was made."""
    made = [row for row in rows.values() if row.manual and row.made]
    return max(made, key=lambda row: (row.at, row.key)).refund_id if made else None
