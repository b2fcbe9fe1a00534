"""Steps of one intent of the ledger. A failed call is followed by a look at the intent, which finds an effect it had."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from gateways.errors import GatewayError, GatewayUndecided, PaymentDeclined
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused
from gateways.stripe.keys import idempotency_key
from gateways.stripe.ledger import CHARGE_STATES, ChargeRow, StripeLedger
from gateways.stripe.objects import Intent

_CANCELS: Final = 3  # attempts to cancel an intent that changes in the meantime

# Stripe learns of a bank debit's success or failure within 14 business days (SEPA Direct Debit; other debits take less), which
# are at most 20 days and two public holidays. https://docs.stripe.com/payments/sepa-debit
_LONGEST_PROCESSING: Final = timedelta(days=22)


class StripeIntents:
    """Confirms, captures and cancels intents, and records their state."""

    def __init__(self, api: StripeApi, ledger: StripeLedger) -> None:
        self._api, self._ledger = api, ledger

    async def confirm(self, row: ChargeRow, intent: Intent, *, off_session: bool = False) -> Intent:
        """Return the intent after a confirmation by this call or another. off_session: without the customer."""
        key = idempotency_key(row.key, row.attempt, "confirm", *row.key_suffix)
        try:
            async with self.renewing_keys(row):
                return await self._api.confirm(intent.id, key, off_session=off_session)
        except (PaymentDeclined, StripeRefused):
            found = await self._api.retrieve(intent.id)
            if found.status == "requires_confirmation":
                raise
            return found

    async def capture(self, row: ChargeRow, intent: Intent) -> Intent:
        """Return the intent after a capture by this call or another."""
        key = idempotency_key(row.order_id, "capture-payment", row.attempt, *row.key_suffix)
        try:
            async with self.renewing_keys(row):
                return await self._api.capture(intent.id, key)
        except StripeRefused:
            found = await self._api.retrieve(intent.id)
            if found.status == "requires_capture":
                raise
            return found

    async def cancel(self, intent_id: str) -> Intent:
        """Return the intent, cancelled, or succeeded before that, or in processing where Stripe does not cancel it."""
        for _ in range(_CANCELS):
            intent = await self._api.retrieve(intent_id)
            if intent.status in ("canceled", "succeeded"):
                return intent
            try:
                return await self._api.cancel(intent_id)
            except StripeRefused as refusal:
                last = refusal
                if intent.status == "processing":
                    return await self._api.retrieve(intent_id)
        raise last

    async def record(self, row: ChargeRow, intent: Intent) -> None:
        if intent.status in CHARGE_STATES:
            await self._ledger.record(row, CHARGE_STATES[intent.status], held_until=intent.held_until)

    @asynccontextmanager
    async def renewing_keys(self, row: ChargeRow) -> AsyncIterator[None]:
        """Guard one call: after a failure that Stripe caches under the key, the next call uses another key. That call comes
        after a look at the intent, so that an effect of the failed call is found first."""
        try:
            yield
        except GatewayError as failure:
            if failure.cached:
                await self._ledger.renew_keys(row)
            raise


def processed_until(intent: Intent) -> datetime:
    """Return the time until which Stripe may process the payment. Raises GatewayUndecided after it."""
    until = intent.created + _LONGEST_PROCESSING
    if datetime.now(UTC) > until:
        raise GatewayUndecided(
            f"Stripe has been processing the payment since {intent.created:%Y-%m-%d}, longer than any payment takes",
            f"ask Stripe about {intent.id}, or cancel the order",
        )
    return until
