"""Charges by Stripe's PaymentIntents. An intent is stored in our ledger before it is confirmed, and only the stored one
is: whatever call is lost, the next one looks up where the intent stands, and a cancelled intent takes nothing, ever."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from gateways.protocols import (
    AuthorisationExpired,
    Charge,
    ChargeRequest,
    GatewayError,
    GatewayUnavailable,
    IdempotencyConflict,
    KeyVoided,
    PaymentDeclined,
    PaymentNotFound,
    Refund,
    RefundRequest,
    Voided,
)
from gateways.stripe.adoption import StripeAdoption, charge_fingerprint
from gateways.stripe.amounts import from_stripe, to_stripe
from gateways.stripe.api import Intent, StripeApi, StripeRefused
from gateways.stripe.by_hand import RefundRow
from gateways.stripe.keys import idempotency_key
from gateways.stripe.ledger import CHARGE_STATES, ChargeRow, StripeLedger
from gateways.stripe.refund_ledger import StripeRefundLedger
from gateways.stripe.refunds import StripeRefunds

_KEYS_KEPT: Final = timedelta(hours=20)  # Stripe keeps an idempotency key for at least 24
_LOOKS: Final = 3  # at an intent that changes while it is being cancelled


class StripePaymentGateway:
    """A PaymentGateway. A payment's id is its intent's; a total of nothing is charged without asking Stripe.

    with_label: money is held first, and taken by `capture`.
    """

    def __init__(self, pool: asyncpg.Pool, api: StripeApi, *, with_label: bool = False) -> None:
        self._api, self._ledger, self._with_label = api, StripeLedger(pool), with_label
        self._refund_ledger = StripeRefundLedger(pool)
        self._refunds = StripeRefunds(api, self._refund_ledger)
        self._adoption = StripeAdoption(api, self._ledger)

    async def charge(self, request: ChargeRequest) -> Charge:
        """As PaymentGateway.charge. A decline stays one until the attempt rises; then there is a new intent."""
        units = to_stripe(request.amount, request.currency)
        row = await self._ledger.begin(request, charge_fingerprint(request))
        if row.state == "new" and _may_be_lost(request):
            row = await self._adoption.restore(row.key, row) or row
        if row.voided_at is not None:
            raise KeyVoided(request.key)
        if row.fingerprint != charge_fingerprint(request):
            raise IdempotencyConflict(request.key)
        if request.attempt > row.attempt:
            row = await self._take_up_again(row, request.attempt)
        if row.state == "declined":
            raise PaymentDeclined(row.decline_code or "", row.decline_reason or "")
        if units == 0:
            await self._ledger.record(row, "succeeded")
            return _nothing(row)
        if row.intent_id is None:
            row, intent = await self._create(row, request, units)
        else:
            intent = await self._api.retrieve(row.intent_id)
        if intent.status == "requires_confirmation":
            intent = await self._confirm(row, intent)
        return await self._conclude(row, intent)

    async def capture(self, key: str) -> Charge:
        """As PaymentGateway.capture."""
        row = await self._ledger.read(key) or await self._adoption.restore(key, None)
        if row is not None and row.voided_at is not None:
            raise KeyVoided(key)
        if row is not None and _is_free(row):
            return _nothing(row)
        if row is None or row.intent_id is None:
            raise PaymentNotFound(key)
        intent = await self._api.retrieve(row.intent_id)
        if intent.status == "requires_capture":
            intent = await self._take(row, intent)
        if intent.status == "canceled" and intent.held:
            voided = (await self._ledger.reread(key)).voided_at is not None
            raise KeyVoided(key) if voided else AuthorisationExpired(key)
        if intent.status != "succeeded":
            raise PaymentNotFound(key)
        await self._note(row, intent)
        return _charge(row, intent)

    async def void(self, key: str, reason: str) -> Voided:
        """As PaymentGateway.void. The tombstone is in the ledger before Stripe is asked: what comes later finds it.

        Where the ledger knows of no money, the charge may have been lost with a row: Stripe is searched for it first.
        """
        known = await self._ledger.read(key)
        if known is None or (known.voided_at is None and known.state in ("new", "declined")):
            await self._adoption.restore(key, known)
        row = await self._ledger.bury(key, reason)
        if row.state in ("voided", "returned"):
            return _voided(row)
        if row.intent_id is None:
            return _voided(await self._ledger.undone(row, "returned"))
        intent = await self._ended(row.intent_id)
        if intent.status == "canceled" and not intent.held:
            return _voided(await self._ledger.undone(row, "voided"))
        if intent.status == "canceled":
            return _voided(await self._ledger.undone(row, "returned", f"{intent.id}:void", row.amount))
        await self._note(row, intent)
        refund = await self._refunds.return_rest(row, intent, reason)
        refund_id, amount = (refund.refund_id, refund.amount) if refund else (None, 0)
        return _voided(await self._ledger.undone(row, "returned", refund_id, amount))

    async def refund(self, request: RefundRequest) -> Refund:
        """As PaymentGateway.refund. Also raises AmountNotSupported."""
        to_stripe(request.amount, request.currency)
        return await self._refunds.give_back(await self._reserved(request))

    async def find(self, key: str) -> Charge | None:
        """As PaymentGateway.find, as Stripe has it and not as our ledger does."""
        row = await self._ledger.read(key)
        if row is not None and _is_free(row):
            return _nothing(row)
        if row is None or row.intent_id is None:
            return None
        intent = await self._api.retrieve(row.intent_id)
        await self._note(row, intent)
        return _charge(row, intent) if intent.held else None

    async def find_refund(self, key: str) -> Refund | None:
        """As PaymentGateway.find_refund."""
        return await self._refunds.find(key)

    async def _reserved(self, request: RefundRequest) -> RefundRow:
        try:
            return await self._refund_ledger.reserve(request)
        except PaymentNotFound:
            key = await self._adoption.key_of(request.payment_id)
            if key is None or await self._adoption.restore(key, await self._ledger.read(key)) is None:
                raise
            return await self._refund_ledger.reserve(request)

    async def _take_up_again(self, row: ChargeRow, attempt: int) -> ChargeRow:
        if row.state == "declined" and row.intent_id is not None:
            before = await self._ended(row.intent_id)
            await self._note(row, before)
            if before.status == "succeeded":
                return await self._ledger.reread(row.key)
        return await self._ledger.raise_attempt(row, attempt)

    async def _create(self, row: ChargeRow, request: ChargeRequest, units: int) -> tuple[ChargeRow, Intent]:
        if request.payment_method is None:
            raise await self._declined(row, "no_payment_method", "The order names no means of payment")
        try:
            async with self._again_where_kept(row):
                intent = await self._api.create(
                    units,
                    request.currency,
                    request.payment_method,
                    {"orderId": request.order_id, "key": request.key},
                    later=self._with_label,
                    key=idempotency_key(row.key, row.attempt, "create", *row.repeat),
                )
        except StripeRefused as refusal:
            if refusal.parameter != "payment_method":
                raise
            raise await self._declined(row, refusal.code, "Stripe does not know the means of payment") from None
        if intent.replayed:  # of before: it may have been confirmed, returned or cancelled since
            intent = await self._api.retrieve(intent.id)
        stored = await self._ledger.store_intent(row, intent.id)
        if stored.intent_id == intent.id and stored.voided_at is None:
            return stored, intent
        if stored.intent_id != intent.id:
            await self._api.cancel(intent.id)  # nobody will ever confirm it
        if stored.voided_at is not None:
            raise KeyVoided(row.key)
        raise GatewayUnavailable("another attempt at the charge is under way")

    async def _confirm(self, row: ChargeRow, intent: Intent) -> Intent:
        """The intent as it is after a confirmation, whether this call was the one that did it or not."""
        key = idempotency_key(row.key, row.attempt, "confirm", *row.repeat)
        try:
            async with self._again_where_kept(row):
                return await self._api.confirm(intent.id, key)
        except (PaymentDeclined, StripeRefused):
            found = await self._api.retrieve(intent.id)
            if found.status == "requires_confirmation":
                raise
            return found

    async def _take(self, row: ChargeRow, intent: Intent) -> Intent:
        key = idempotency_key(row.order_id, "capture-payment", row.attempt, *row.repeat)
        try:
            async with self._again_where_kept(row):
                return await self._api.capture(intent.id, key)
        except StripeRefused:
            found = await self._api.retrieve(intent.id)
            if found.status == "requires_capture":
                raise
            return found

    @asynccontextmanager
    async def _again_where_kept(self, row: ChargeRow) -> AsyncIterator[None]:
        """Around one call: a failure that Stripe would repeat under the key makes the next call use another one. That
        call comes after a look at the intent, so that an effect that the failed call had is found first."""
        try:
            yield
        except GatewayError as failure:
            if failure.kept:
                await self._ledger.ask_again(row)
            raise

    async def _conclude(self, row: ChargeRow, intent: Intent) -> Charge:
        """What has become of a confirmed intent. Raises GatewayUnavailable where Stripe does not know yet."""
        if intent.status == "requires_action":
            intent = await self._ended(intent.id)
            if intent.status == "canceled" and not intent.held:
                raise await self._declined(
                    row, "authentication_required", "The bank wants the customer to authenticate the payment."
                )
        if intent.status in CHARGE_STATES:
            await self._note(row, intent)
            return _charge(row, intent)
        if intent.status == "processing":
            raise GatewayUnavailable("Stripe is still processing the payment")
        if intent.status == "canceled" and (await self._ledger.reread(row.key)).voided_at is not None:
            raise KeyVoided(row.key)
        raise await self._declined(row, *(intent.decline or ("canceled", "The payment was cancelled at Stripe.")))

    async def _declined(self, row: ChargeRow, code: str, reason: str) -> PaymentDeclined:
        await self._ledger.record(row, "declined", decline=(code, reason))
        return PaymentDeclined(code, reason)

    async def _ended(self, intent_id: str) -> Intent:
        """Cancelled, or succeeded where it was faster. Raises GatewayUnavailable where Stripe does not know yet."""
        for _ in range(_LOOKS):
            intent = await self._api.retrieve(intent_id)
            if intent.status in ("canceled", "succeeded"):
                return intent
            if intent.status == "processing":
                raise GatewayUnavailable("Stripe is still processing the payment")
            try:
                return await self._api.cancel(intent_id)
            except StripeRefused as refusal:
                last = refusal
        raise last

    async def _note(self, row: ChargeRow, intent: Intent) -> None:
        if intent.status in CHARGE_STATES:
            await self._ledger.record(row, CHARGE_STATES[intent.status], held_until=intent.held_until)


def _may_be_lost(request: ChargeRequest) -> bool:
    """Whether Stripe may have charged this under a key that it has forgotten, or that we no longer derive."""
    placed_at = request.placed_at
    return request.attempt > 1 or (placed_at is not None and datetime.now(UTC) - placed_at > _KEYS_KEPT)


def _is_free(row: ChargeRow) -> bool:
    return row.amount == 0 and row.intent_id is None and row.state in ("succeeded", "returned")


def _nothing(row: ChargeRow) -> Charge:
    """The charge of an order that costs nothing."""
    return Charge(f"{row.key}:nothing", row.key, 0, row.currency, 0)


def _charge(row: ChargeRow, intent: Intent) -> Charge:
    captured = intent.status == "succeeded"
    gone = intent.amount if intent.status == "canceled" else intent.amount_refunded if captured else 0
    return Charge(intent.id, row.key, row.amount, row.currency, from_stripe(gone, row.currency), captured)


def _voided(row: ChargeRow) -> Voided:
    if row.state == "voided":
        return Voided(row.key, None, None, 0)
    payment_id = row.intent_id or _nothing(row).payment_id
    return Voided(row.key, payment_id, row.refund_id, row.amount_returned)
