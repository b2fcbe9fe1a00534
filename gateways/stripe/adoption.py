"""Adoption of charges at Stripe whose ledger rows were lost in a fail-over to a lagging replica or in a restore.

Stripe is searched for our key in the metadata of intents. The search is up to a minute behind, or an hour in an outage, so
the latest intents are listed as well: lists are never behind. https://docs.stripe.com/api/payment_intents/search
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from gateways.fingerprints import fingerprint
from gateways.payments import ChargeRequest
from gateways.stripe.amounts import from_stripe
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused
from gateways.stripe.ledger import CHARGE_STATES, ChargeRow, StripeLedger
from gateways.stripe.objects import Intent

SEARCH_LAG: Final = timedelta(minutes=3)
_OUTAGE: Final = timedelta(hours=1)  # listed if the account cannot search
_TAKING: Final = ("succeeded", "requires_capture", "processing", "requires_action", "requires_confirmation")
"""Statuses of intents that have money or may take it, in order of preference."""
_log = structlog.get_logger(__name__)


class StripeAdoption:
    """Finds intents without a ledger row, and inserts one."""

    def __init__(self, api: StripeApi, ledger: StripeLedger) -> None:
        self._api, self._ledger = api, ledger

    async def search(self, key: str, *, known: str | None = None) -> Intent | None:
        """Return the intent of this key, other than the known one, that has money or may take it."""
        try:
            found, listed = {each.id: each for each in await self._api.search(key)}, SEARCH_LAG
        except StripeRefused:
            found, listed = {}, _OUTAGE
        async for each in self._api.created_since(datetime.now(UTC) - listed):
            if each.key == key:
                found[each.id] = each
        live = [each for each in found.values() if each.id != known and each.status in _TAKING]
        for each in sorted(live, key=lambda each: (_TAKING.index(each.status), each.created)):
            # The search may be from before the intent was cancelled for another attempt.
            current = await self._api.retrieve(each.id)
            if current.status in _TAKING:
                return current
        return None

    async def key_of(self, intent_id: str) -> str | None:
        """Return our key of an intent; None if Stripe has no such intent or it is not ours."""
        try:
            return (await self._api.retrieve(intent_id)).key
        except StripeRefused:
            return None

    async def restore(self, key: str, row: ChargeRow | None) -> ChargeRow | None:
        """Return the key's row, with the intent found at Stripe if the row has none that took money."""
        intent = await self.search(key, known=row.intent_id if row else None)
        if intent is None or intent.order_id is None:
            return row
        if row is None:
            row = await self._ledger.begin(_request(intent, key, intent.order_id), fingerprint("adopted", intent.id))
        return await self.adopt(row, intent)

    async def adopt_for(self, request: ChargeRequest, intent: Intent) -> ChargeRow:
        """Adopt the intent for a charge whose content is known."""
        return await self.adopt(await self._ledger.begin(request, charge_fingerprint(request)), intent)

    async def adopt(self, row: ChargeRow, intent: Intent) -> ChargeRow:
        """Store the intent in the row, unless it is voided or has another intent that took money."""
        if row.state == "declined":
            row = await self._ledger.raise_attempt(row, row.attempt + 1)
        row = await self._ledger.store_intent(row, intent.id)
        if row.intent_id == intent.id and intent.status in CHARGE_STATES:
            await self._ledger.record(row, CHARGE_STATES[intent.status], held_until=intent.held_until)
            _log.warning("a charge that the ledger had lost was found at Stripe", key=row.key, intent=intent.id)
        return await self._ledger.read(row.key)


def charge_fingerprint(request: ChargeRequest) -> str:
    return fingerprint(request.key, request.order_id, request.customer_id, request.amount, request.currency)


def _request(intent: Intent, key: str, order_id: str) -> ChargeRequest:
    """Rebuild a request from the intent. Its customer is unknown, so that a charge by us under the key is a conflict."""
    return ChargeRequest(key, order_id, "", from_stripe(intent.amount, intent.currency), intent.currency)
