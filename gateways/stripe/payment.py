"""Payment gateway on Stripe's PaymentIntents."""

import asyncpg

from gateways.errors import AuthorisationExpired, KeyVoided, PaymentNotFound, RefundUnderWay
from gateways.payments import Charge, ChargeRequest, CustomerAction, PaymentChange, Refund, RefundRequest, Voided
from gateways.stripe.adoption import StripeAdoption
from gateways.stripe.amounts import to_stripe
from gateways.stripe.api import StripeApi
from gateways.stripe.changes import StripeChanges
from gateways.stripe.charging import NEEDS_CUSTOMER, StripeCharging, charge_of, free_charge, is_free
from gateways.stripe.intents import StripeIntents, processed_until
from gateways.stripe.ledger import ChargeRow, StripeLedger
from gateways.stripe.refund_closing import StripeRefundClosing
from gateways.stripe.refund_credits import RefundRow
from gateways.stripe.refund_ledger import StripeRefundLedger
from gateways.stripe.refunds import StripeRefunds


class StripePaymentGateway:
    """A PaymentGateway. A payment's id is its intent's; a total of 0 is charged without a call to Stripe.

    with_label: money is authorised first, and captured by `capture`.
    """

    def __init__(self, pool: asyncpg.Pool, api: StripeApi, *, with_label: bool = False) -> None:
        self.api, self._ledger = api, StripeLedger(pool)
        self._refund_ledger = StripeRefundLedger(pool)
        self._refunds = StripeRefunds(api, self._refund_ledger)
        self._closing = StripeRefundClosing(api, self._refund_ledger, self._refunds)
        self._adoption = StripeAdoption(api, self._ledger)
        self._intents = StripeIntents(api, self._ledger)
        self._charging = StripeCharging(api, self._ledger, self._adoption, self._intents, later=with_label)
        self._changes = StripeChanges(pool, api, self._ledger, self._intents, self._refunds)

    async def charge(self, request: ChargeRequest) -> Charge:
        return await self._charging.charge(request)

    async def claim(self, request: ChargeRequest) -> None:
        await self._charging.claim(request)

    async def capture(self, key: str) -> Charge:
        row = await self._ledger.find(key) or await self._adoption.restore(key, None)
        if row is not None and row.voided_at is not None:
            raise KeyVoided(key)
        if row is not None and is_free(row):
            return free_charge(row)
        if row is None or row.intent_id is None:
            raise PaymentNotFound(key)
        intent = await self.api.retrieve(row.intent_id)
        if intent.status == "requires_capture":
            intent = await self._intents.capture(row, intent)
        if intent.status == "canceled" and intent.held:
            voided = (await self._ledger.read(key)).voided_at is not None
            raise KeyVoided(key) if voided else AuthorisationExpired(key)
        if intent.status != "succeeded":
            raise PaymentNotFound(key)
        await self._intents.record(row, intent)
        return charge_of(row, intent)

    async def void(self, key: str, reason: str) -> Voided:
        """As PaymentGateway.void. The tombstone is committed before the first call to Stripe, so that a later charge finds it.

        If no money is in the ledger, the charge may have been lost with its row: Stripe is searched for it first.
        """
        known = await self._ledger.find(key)
        if known is None or (known.voided_at is None and known.state in ("new", "declined")):
            await self._adoption.restore(key, known)
        row = await self._ledger.void(key, reason)
        if row.state in ("voided", "returned"):
            return _voided(row)
        if row.intent_id is None:
            return _voided(await self._ledger.record_void(row, "returned"))
        intent = await self._intents.cancel(row.intent_id)
        if intent.status == "processing":
            processed_until(intent)
            return Voided(key, intent.id, None, 0, pending=True)
        if intent.status == "canceled" and not intent.held:
            return _voided(await self._ledger.record_void(row, "voided"))
        if intent.status == "canceled":
            return _voided(await self._ledger.record_void(row, "returned", f"{intent.id}:void", row.amount))
        await self._intents.record(row, intent)
        intent = await self._changes.without_lost_disputes(intent)
        refund = await self._refunds.refund_rest(row, intent, reason)
        if refund is not None and refund.pending:
            return Voided(key, intent.id, refund.refund_id, 0, pending=True)
        refund_id, amount = (refund.refund_id, refund.amount) if refund else (None, 0)
        return _voided(await self._ledger.record_void(row, "returned", refund_id, amount))

    async def close_void(self, key: str) -> int:
        row = await self._ledger.find(key)
        if row is None or row.intent_id is None or row.voided_at is None:
            never = row is not None and row.voided_at is not None
            raise RefundUnderWay(key, "no money was taken" if never else "the cancellation has not come to it")
        return await self._closing.close_void(row)

    async def close_refund(self, request: RefundRequest) -> None:
        await self._closing.close(request)

    async def refund(self, request: RefundRequest) -> Refund:
        """As PaymentGateway.refund. Also raises AmountNotSupported."""
        to_stripe(request.amount, request.currency)
        return await self._refunds.refund(await self._reserved(request))

    async def find(self, key: str) -> Charge | None:
        """As PaymentGateway.find, with the current state at Stripe."""
        row = await self._ledger.find(key)
        if row is not None and is_free(row):
            return free_charge(row)
        if row is None or row.intent_id is None:
            return None
        intent = await self.api.retrieve(row.intent_id)
        await self._intents.record(row, intent)
        return charge_of(row, intent) if intent.held else None

    async def find_refund(self, key: str) -> Refund | None:
        return await self._refunds.find(key)

    async def changes(self, key: str, *, crediting: bool) -> list[PaymentChange]:
        return await self._changes.find(key, crediting=crediting)

    async def customer_action(self, key: str) -> CustomerAction | None:
        row = await self._ledger.find(key)
        if row is None or row.intent_id is None or row.voided_at is not None:
            return None
        intent = await self.api.retrieve(row.intent_id)
        unconfirmed = intent.status == "requires_confirmation" and row.state == "declined"  # from checkout
        if intent.status not in NEEDS_CUSTOMER and not unconfirmed:
            return None
        action = dict(intent.action) if intent.action else None
        return CustomerAction(intent.id, intent.status, intent.client_secret, action)

    async def _reserved(self, request: RefundRequest) -> RefundRow:
        try:
            return await self._refund_ledger.reserve(request)
        except PaymentNotFound:
            key = await self._adoption.key_of(request.payment_id)
            if key is None or await self._adoption.restore(key, await self._ledger.find(key)) is None:
                raise
            return await self._refund_ledger.reserve(request)


def _voided(row: ChargeRow) -> Voided:
    if row.state == "voided":
        return Voided(row.key, None, None, 0)
    payment_id = row.intent_id or free_charge(row).payment_id
    return Voided(row.key, payment_id, row.refund_id, row.amount_returned)
