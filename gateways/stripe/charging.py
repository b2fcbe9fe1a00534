"""Charges by Stripe's PaymentIntents. An intent is stored in the ledger before it is confirmed, and no other is confirmed:
after a lost call, the next one looks the stored intent up, and a cancelled intent never takes money."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gateways.errors import (
    AmountNotSupported,
    DefiniteRefusal,
    GatewayUnavailable,
    IdempotencyConflict,
    KeyVoided,
    PaymentDeclined,
)
from gateways.payments import Charge, ChargeRequest
from gateways.stripe.adoption import StripeAdoption, charge_fingerprint
from gateways.stripe.amounts import from_stripe, to_stripe
from gateways.stripe.api import StripeApi
from gateways.stripe.checkout import StripeCheckout
from gateways.stripe.errors import StripeRefused
from gateways.stripe.intents import StripeIntents, processed_until
from gateways.stripe.keys import idempotency_key
from gateways.stripe.ledger import CHARGE_STATES, ChargeRow, StripeLedger
from gateways.stripe.means import is_saved, means_of
from gateways.stripe.objects import Intent
from gateways.stripe.refusals import is_of_amount, refusal_of_charge
from orders.ids import is_payment

NEEDS_CUSTOMER: Final = ("requires_action", "requires_payment_method")
"""Statuses of intents that the customer can still complete."""
_AUTHENTICATE: Final = "The bank wants the customer to authenticate the payment."
_CANCELED: Final = ("canceled", "The payment was cancelled at Stripe.")
_INCOMPLETE: Final = ("payment_incomplete", "The customer has not completed the payment.")
_KEYS_STORED: Final = timedelta(hours=20)  # Stripe stores an idempotency key for at least 24


class StripeCharging:
    """Creates and confirms the intent of a charge. later: confirming only authorises."""

    def __init__(
        self, api: StripeApi, ledger: StripeLedger, adoption: StripeAdoption, intents: StripeIntents, *, later: bool
    ) -> None:
        self._api, self._ledger, self._adoption, self._intents = api, ledger, adoption, intents
        self._checkout = StripeCheckout(api, ledger)
        self._later = later

    async def charge(self, request: ChargeRequest) -> Charge:
        """As PaymentGateway.charge. A decline is final for its attempt; a higher attempt creates a new intent."""
        units = to_stripe(request.amount, request.currency)
        row = await self._row(request)
        if row.state == "declined":
            if (request.waits or request.attempt > row.attempt) and (pending := await self._processed(row)) is not None:
                return pending
            raise _refused(row, row.decline_code or "", row.decline_reason or "")
        if units == 0:
            await self._ledger.record(row, "succeeded")
            return free_charge(row)
        if row.intent_id is None:
            row, intent = await self._create(row, request, units)
        else:
            intent = await self._checkout.named(await self._api.retrieve(row.intent_id), request)
        if intent.status == "requires_confirmation" and not is_payment(request.payment_method):
            intent = await self._confirmed(row, intent, off_session=is_saved(request.payment_method))
        return await self._result(row, intent, waits=request.waits)

    async def _row(self, request: ChargeRequest) -> ChargeRow:
        row = await self._ledger.begin(request, charge_fingerprint(request))
        if row.state == "new" and _may_be_lost(request):
            row = await self._adoption.restore(row.key, row) or row
        if row.voided_at is not None:
            raise KeyVoided(request.key)
        if row.fingerprint != charge_fingerprint(request):
            raise IdempotencyConflict(request.key)
        return await self._raised(row, request.attempt) if request.attempt > row.attempt else row

    async def _raised(self, row: ChargeRow, attempt: int) -> ChargeRow:
        if row.intent_id is not None and await self._takes_nothing(row, row.intent_id):
            # First, so that no two intents can take money for the order.
            earlier = await self._intents.cancel(row.intent_id)
            await self._intents.record(row, earlier)
            if earlier.status in ("processing", "succeeded"):
                return await self._ledger.read(row.key)
            if row.state == "created":
                await self._declined(row, "canceled", "Another attempt at the charge was begun.")
        return await self._ledger.raise_attempt(row, attempt)

    async def _takes_nothing(self, row: ChargeRow, intent_id: str) -> bool:
        """True if the row's intent is cancelled, or takes no money unless its customer completes it."""
        if row.state != "created":
            return row.state == "declined"
        return (await self._api.retrieve(intent_id)).status in (*NEEDS_CUSTOMER, "canceled")

    async def _processed(self, row: ChargeRow) -> Charge | None:
        """Return the pending charge of a declined intent that its customer has paid by a slow means since."""
        if row.intent_id is None:
            return None
        intent = await self._api.retrieve(row.intent_id)
        if intent.status != "processing":
            return None
        return replace(charge_of(row, intent), pending_until=processed_until(intent))

    async def claim(self, request: ChargeRequest) -> None:
        """Make the payment that the customer made at checkout the order's own, if it is; no effect without one."""
        if is_payment(request.payment_method):
            row = await self._ledger.begin(request, charge_fingerprint(request))
            if row.state == "declined" and row.intent_id != request.payment_method and row.voided_at is None:
                row = await self._raised(row, row.attempt + 1)
            if row.intent_id is None and row.voided_at is None:
                with contextlib.suppress(PaymentDeclined, KeyVoided, AmountNotSupported):
                    await self._checkout.claim(row, request, to_stripe(request.amount, request.currency))

    async def _create(self, row: ChargeRow, request: ChargeRequest, units: int) -> tuple[ChargeRow, Intent]:
        if is_payment(request.payment_method):
            try:
                return await self._checkout.claim(row, request, units)
            except PaymentDeclined as refusal:
                raise await self._declined(row, refusal.code, refusal.reason) from None
        intent = await self._created(row, request, units)
        if intent.replayed:  # an earlier answer: the intent may have been confirmed, refunded or cancelled since
            intent = await self._api.retrieve(intent.id)
        stored = await self._ledger.store_intent(row, intent.id)
        if stored.intent_id == intent.id and stored.voided_at is None:
            return stored, intent
        if stored.intent_id != intent.id:
            await self._api.cancel(intent.id)  # not stored, so never confirmed
        if stored.voided_at is not None:
            raise KeyVoided(row.key)
        raise GatewayUnavailable("another attempt at the charge is in progress")

    async def _created(self, row: ChargeRow, request: ChargeRequest, units: int) -> Intent:
        try:
            means = await means_of(self._api, request.payment_method)
        except PaymentDeclined as refusal:
            raise await self._declined(row, refusal.code, refusal.reason) from None
        try:
            async with self._intents.renewing_keys(row):
                return await self._api.create(
                    units,
                    request.currency,
                    means.payment_method,
                    {"orderId": request.order_id, "key": request.key},
                    customer=means.customer,
                    later=self._later,
                    key=idempotency_key(row.key, row.attempt, "create", *row.key_suffix),
                )
        except StripeRefused as refused:
            final = refusal_of_charge(refused.code, refused.parameter)
            if final is None:
                raise
            raise await self._declined(row, final.code, final.reason) from None

    async def _confirmed(self, row: ChargeRow, intent: Intent, *, off_session: bool) -> Intent:
        """Return the confirmed intent; after a final refusal of the confirmation the intent is cancelled first."""
        try:
            return await self._intents.confirm(row, intent, off_session=off_session)
        except StripeRefused as refused:
            final = refusal_of_charge(refused.code, refused.parameter)
            if final is None:
                raise
            ended = await self._intents.cancel(intent.id)
            if ended.status != "canceled" or ended.held:
                return ended
            raise await self._declined(row, final.code, final.reason) from None

    async def _result(self, row: ChargeRow, intent: Intent, *, waits: bool) -> Charge:
        """Return the charge of a confirmed intent, pending while Stripe processes it, or raise its refusal.
        waits: an intent that the customer has to authenticate is kept."""
        if intent.status == "requires_action" and waits:
            raise PaymentDeclined("authentication_required", _AUTHENTICATE, intent.id)
        if intent.status == "requires_action":
            intent = await self._intents.cancel(intent.id)
            if intent.status == "canceled" and not intent.held:
                raise await self._declined(row, "authentication_required", _AUTHENTICATE)
        if intent.status in CHARGE_STATES:
            await self._intents.record(row, intent)
            return charge_of(row, intent)
        if intent.status == "processing":
            return replace(charge_of(row, intent), pending_until=processed_until(intent))
        if intent.status == "canceled" and (await self._ledger.read(row.key)).voided_at is not None:
            raise KeyVoided(row.key)
        ended = _CANCELED if intent.status == "canceled" else _INCOMPLETE
        raise await self._declined(row, *(intent.decline or ended))

    async def _declined(self, row: ChargeRow, code: str, reason: str) -> DefiniteRefusal:
        await self._ledger.record(row, "declined", decline=(code, reason))
        return _refused(row, code, reason)


def _refused(row: ChargeRow, code: str, reason: str) -> DefiniteRefusal:
    if is_of_amount(code):
        return AmountNotSupported(row.amount, row.currency, reason)
    return PaymentDeclined(code, reason, row.intent_id)


def _may_be_lost(request: ChargeRequest) -> bool:
    """True if Stripe may have charged this under a key that it has forgotten, or that is no longer derived."""
    placed_at = request.placed_at
    return request.attempt > 1 or (placed_at is not None and datetime.now(UTC) - placed_at > _KEYS_STORED)


def is_free(row: ChargeRow) -> bool:
    """True if the charge is of amount 0, which needs no intent."""
    return row.amount == 0 and row.intent_id is None and row.state in ("succeeded", "returned")


def free_charge(row: ChargeRow) -> Charge:
    """Charge of an order whose total is 0."""
    return Charge(f"{row.key}:nothing", row.key, 0, row.currency, 0)


def charge_of(row: ChargeRow, intent: Intent) -> Charge:
    captured = intent.status == "succeeded"
    returned = intent.amount if intent.status == "canceled" else _returned(intent) if captured else 0
    return Charge(intent.id, row.key, row.amount, row.currency, from_stripe(returned, row.currency), captured)


def _returned(intent: Intent) -> int:
    """The refunded amount, or the uncaptured one where that is more: for some captures Stripe counts it as refunded."""
    return max(intent.amount_refunded, intent.amount - intent.received)
