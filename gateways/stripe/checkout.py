"""Payments that a customer made at checkout, before the order was placed: `pi_…` as the order's means of payment."""

import asyncpg

from gateways.errors import GatewayUnavailable, KeyVoided, PaymentDeclined
from gateways.payments import ChargeRequest
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused
from gateways.stripe.ledger import ChargeRow, StripeLedger
from gateways.stripe.objects import Intent
from orders.ids import is_payment


class StripeCheckout:
    """Makes the payment that an order names the order's own, once it is shown to be of the order and of no other."""

    def __init__(self, api: StripeApi, ledger: StripeLedger) -> None:
        self._api, self._ledger = api, ledger

    async def claim(self, row: ChargeRow, request: ChargeRequest, units: int) -> tuple[ChargeRow, Intent]:
        """Store the intent in the order's row. Raises PaymentDeclined where it is not the order's.

        An intent that the customer has not completed is stored too: it is completed later, or cancelled with the order.
        """
        assert request.payment_method is not None
        intent = await self._found(request.payment_method)
        _require_own(intent, row, request, units)
        try:
            stored = await self._ledger.store_intent(row, intent.id)
        except asyncpg.UniqueViolationError:
            raise _used() from None
        if stored.voided_at is not None:
            raise KeyVoided(row.key)
        if stored.intent_id != intent.id:
            raise GatewayUnavailable("another attempt at the charge is in progress")
        return stored, await self.named(intent, request)

    async def named(self, intent: Intent, request: ChargeRequest) -> Intent:
        """Return the intent with the order's id and key in its metadata, by which a lost row is restored."""
        if intent.key == request.key or not is_payment(request.payment_method):
            return intent
        return await self._api.set_metadata(intent.id, {"orderId": request.order_id, "key": request.key})

    async def _found(self, intent_id: str) -> Intent:
        try:
            return await self._api.retrieve(intent_id)
        except StripeRefused as refusal:
            raise PaymentDeclined(refusal.code, "Stripe does not know the payment made at checkout") from None


def _require_own(intent: Intent, row: ChargeRow, request: ChargeRequest, units: int) -> None:
    if intent.order_id not in (None, request.order_id) or intent.key not in (None, row.key):
        raise _used()
    taken = intent.received if intent.status == "succeeded" else intent.amount
    if (intent.currency, intent.amount, taken) != (request.currency, units, units):
        raise PaymentDeclined("payment_mismatch", "The payment made at checkout is of another amount or currency")
    if intent.status == "canceled" or intent.amount_refunded > 0:
        raise PaymentDeclined("payment_returned", "The payment made at checkout was cancelled or refunded")


def _used() -> PaymentDeclined:
    return PaymentDeclined("payment_used", "The payment made at checkout belongs to another order")
