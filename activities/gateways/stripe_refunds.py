"""Refunds by Stripe: the amount is set aside in our ledger first, so that their sum never exceeds the charge."""

from activities.gateways.protocols import GatewayMisconfigured, Refund, RefundFailed
from activities.gateways.stripe_amounts import from_stripe, to_stripe
from activities.gateways.stripe_api import Intent, StripeApi, StripeRefund, idempotency_key
from activities.gateways.stripe_ledger import REFUND_STATES, ChargeRow, RefundRow, StripeLedger
from orders.names import key_of_order


class StripeRefunds:
    """Asks for what the ledger has set aside, once, and finds it again however the asking ended."""

    def __init__(self, api: StripeApi, ledger: StripeLedger) -> None:
        self._api, self._ledger = api, ledger

    async def give_back(self, row: RefundRow, attempt: int = 1) -> Refund:
        """Have Stripe make the refund of this row, unless it has. Raises RefundFailed."""
        found = None if row.fresh else await self._found(row)
        if found is None:
            units = to_stripe(row.amount, row.currency)
            made = await self._api.refund(row.intent_id, units, {"key": row.key}, idempotency_key(row.key, attempt))
            found = await self._recorded(row, made)
        return found

    async def return_rest(self, row: ChargeRow, intent: Intent) -> Refund | None:
        """Give back what is left of a voided charge; None where nothing is."""
        left = from_stripe(intent.amount - intent.amount_refunded, row.currency)
        reserved = await self._ledger.reserve_rest(row, key_of_order("refund-payment", row.order_id), left)
        if reserved is None:
            return None
        try:
            return await self.give_back(reserved, row.attempt)
        except RefundFailed:
            # An undoing does not give up: somebody has to see to it that the money goes back.
            raise GatewayMisconfigured("the refund has failed at Stripe: return the money in its dashboard") from None

    async def find(self, key: str) -> Refund | None:
        """The refund of this key; None where there is none, or it has failed."""
        row = await self._ledger.find_refund(key)
        return await self._found(row) if row and row.state != "failed" else None

    async def _found(self, row: RefundRow) -> Refund | None:
        if row.state == "failed":
            raise RefundFailed(row.key)
        if row.refund_id is not None:
            return Refund(row.refund_id, row.intent_id, row.amount)
        known = await self._api.find_refund(row.intent_id, {"key": row.key})
        return await self._recorded(row, known) if known else None

    async def _recorded(self, row: RefundRow, made: StripeRefund) -> Refund:
        state = REFUND_STATES.get(made.status, "pending")
        await self._ledger.record_refund(row.key, made.id, state)
        if state == "failed":
            raise RefundFailed(row.key)
        return Refund(made.id, row.intent_id, row.amount)
