"""Refunds at Stripe. The amount is computed at each request from Stripe's list of refunds, and never exceeds the charge."""

from collections.abc import Mapping
from dataclasses import replace

from gateways.errors import (
    GatewayError,
    GatewayUnavailable,
    GatewayUndecided,
    RefundFailed,
    RefundRefused,
)
from gateways.payments import Refund
from gateways.stripe.amounts import from_stripe, to_stripe
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused
from gateways.stripe.keys import idempotency_key
from gateways.stripe.ledger import ChargeRow
from gateways.stripe.objects import Intent, StripeRefund
from gateways.stripe.refund_credits import RefundRow, manual_credits
from gateways.stripe.refund_ledger import REFUND_STATES, SeenRefund, StripeRefundLedger
from gateways.stripe.refusals import refusal_of_refund
from orders.names import key_of_order

Rows = Mapping[str, RefundRow]


class StripeRefunds:
    """Looks a refund up at Stripe first; if there is none, requests the amount that is still due and left of the charge."""

    def __init__(self, api: StripeApi, ledger: StripeRefundLedger) -> None:
        self._api, self._ledger = api, ledger

    async def refund(self, reserved: RefundRow) -> Refund:
        """Make the refund of this row at Stripe, unless it is made or covered by manual refunds. Raises RefundFailed or
        RefundRefused."""
        intent = await self._api.retrieve(reserved.intent_id)
        rows = await self.synced(reserved.intent_id, reserved.currency)
        row = rows[reserved.key]
        if row.state == "asked":
            _require_open(row)
            by_hand = manual_credits(rows.values())[row.key]
            due = min(row.amount - by_hand, _left(rows, row.key, intent, row.currency))
            rows = await self._request(row, due, by_hand, attempt=1)
        if _is_due(rows, row.key):
            await self._ledger.refuse(rows[row.key], is_closed=True)
            raise RefundFailed(row.key)
        return _result(rows, rows[row.key])

    async def refund_rest(self, charge: ChargeRow, intent: Intent, reason: str) -> Refund | None:
        """Refund the rest of a voided charge. Return all refunds that undo it, manual ones included, or None."""
        key = key_of_order("refund-payment", charge.order_id)
        rows = await self.synced(intent.id, charge.currency)
        left = _left(rows, key, intent, charge.currency)
        row = rows.get(key)
        if row is None and left > 0:
            row = await self._ledger.reserve_rest(key, intent.id, left, charge.currency, reason)
        if row is not None and row.state == "asked":
            rows = await self._request(row, left, 0, charge.attempt)
        if key in rows and rows[key].state == "failed" and left > 0:
            raise _undecided(rows[key], charge.order_id)
        return _undone(rows, key, intent.id)

    async def find(self, key: str) -> Refund | None:
        """Return the refund of this key, made or settled, as it is at Stripe now; None if there is none or it failed."""
        row = await self._ledger.find(key)
        if row is None or row.manual or row.state == "failed" or (row.closed and row.state == "asked"):
            return None
        rows = await self.synced(row.intent_id, row.currency)
        return _result(rows, rows[key]) if rows[key].made or rows[key].state == "settled" else None

    async def synced(self, intent_id: str, currency: str) -> Rows:
        """Record Stripe's list of an intent's refunds and return its rows."""
        found = await self._api.refunds(intent_id)
        return await self._ledger.sync(intent_id, [_seen(each, currency) for each in found])

    async def _request(self, row: RefundRow, amount: int, by_hand: int, attempt: int) -> Rows:
        """Request this amount, or close the row if nothing is due, and return the intent's rows."""
        if amount <= 0:
            await self._ledger.settle(row, by_hand)
            return await self._closed(row)
        requested = await self._ledger.set_amount(row, amount, by_hand)
        if requested is None:
            return await self._closed(row)
        key = idempotency_key(row.key, attempt, *requested.key_suffix)
        try:
            made = await self._api.refund(row.intent_id, to_stripe(amount, row.currency), {"key": row.key}, key)
        except GatewayError as failure:
            if failure.cached:
                await self._ledger.renew_key(requested)
            if isinstance(failure, StripeRefused):
                await self._refused(requested, amount, failure)
            raise
        return await self._ledger.sync(row.intent_id, [replace(_seen(made, row.currency), key=row.key)])

    async def _refused(self, row: RefundRow, amount: int, refused: StripeRefused) -> None:
        """Record a final refusal and raise it; GatewayUnavailable if less is left of the charge than when it was computed. No
        effect for any other refusal."""
        reason = refusal_of_refund(refused.code, refused.parameter)
        if reason is None:
            return
        rows = await self.synced(row.intent_id, row.currency)
        intent = await self._api.retrieve(row.intent_id)
        if _left(rows, row.key, intent, row.currency) < amount:
            raise GatewayUnavailable("the rest of the charge has changed at Stripe")
        of_void = row.key == key_of_order("refund-payment", intent.order_id or "")
        await self._ledger.refuse(row, is_closed=not of_void)
        if of_void:
            raise _undecided(row, intent.order_id or "", reason)
        raise RefundRefused(row.key, reason)

    async def _closed(self, row: RefundRow) -> Rows:
        """Return an intent's rows once this refund is closed, by this or a concurrent request."""
        rows = await self._ledger.sync(row.intent_id, ())
        if rows[row.key].state == "asked":
            raise GatewayUnavailable("another request for this refund is in progress")
        return rows


def _seen(refund: StripeRefund, currency: str) -> SeenRefund:
    state = REFUND_STATES.get(refund.status, "pending")
    return SeenRefund(refund.id, refund.key, from_stripe(refund.amount, currency), currency, state, refund.created)


def _require_open(row: RefundRow) -> None:
    if row.closed:
        raise GatewayUnavailable("the refund is being given up: repeat the command that closes it")


def _undecided(row: RefundRow, order_id: str, reason: str | None = None) -> GatewayUndecided:
    refused = "is refused by Stripe" + (f", as {reason}" if reason else "")
    how = "has failed at Stripe" if row.refund_id else refused
    settle = f"`orders refunds settle {order_id} cancellation`"
    remedy = f"return the money in Stripe's dashboard, or in another way and then close it with {settle}"
    return GatewayUndecided(f"the refund {how}", remedy)


def _left(rows: Rows, key: str, intent: Intent, currency: str) -> int:
    """Part of the charge that no other refund uses up, or may use up."""
    return from_stripe(intent.received, currency) - sum(row.used for row in rows.values() if row.key != key)


def _is_due(rows: Rows, key: str) -> bool:
    """True if the refund failed, and is closed or not covered by manual refunds."""
    row = rows[key]
    return row.state == "failed" and (row.closed or manual_credits(rows.values())[key] < row.coverable)


def _result(rows: Rows, row: RefundRow) -> Refund:
    if row.made:
        assert row.refund_id is not None
        return Refund(row.refund_id, row.intent_id, row.by_hand + row.sent, row.state == "pending")
    return Refund(_last_manual(rows) or f"{row.intent_id}:settled", row.intent_id, row.coverable)


def _undone(rows: Rows, key: str, intent_id: str) -> Refund | None:
    """Total that undid a charge: our refund, and manual refunds that cover no requested refund."""
    ours = rows[key] if key in rows and rows[key].made else None
    by_hand = sum(row.used for row in rows.values() if row.manual) - sum(row.by_hand for row in rows.values())
    refund_id, amount = ours.refund_id if ours else _last_manual(rows), (ours.sent if ours else 0) + by_hand
    pending = ours is not None and ours.state == "pending"
    return Refund(refund_id, intent_id, amount, pending) if refund_id and amount > 0 else None


def _last_manual(rows: Rows) -> str | None:
    """Id of the latest manual refund that has not failed."""
    made = [row for row in rows.values() if row.manual and row.made]
    return max(made, key=lambda row: (row.at, row.key)).refund_id if made else None
