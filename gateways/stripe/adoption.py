"""Charges at Stripe that our ledger has lost: a fail-over to a replica that was behind, or a restore, takes rows away.

Stripe is searched by our key in the metadata of its intents. The search is up to a minute behind, in an outage up to an
hour, so the latest intents are listed as well, which are never behind. https://docs.stripe.com/api/payment_intents/search
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from gateways.fingerprints import fingerprint
from gateways.protocols import ChargeRequest
from gateways.stripe.amounts import from_stripe
from gateways.stripe.api import Intent, StripeApi, StripeRefused
from gateways.stripe.ledger import CHARGE_STATES, ChargeRow, StripeLedger

SEARCH_LAG: Final = timedelta(minutes=3)
_OUTAGE: Final = timedelta(hours=1)  # listed where the account cannot search
_TAKING: Final = ("succeeded", "requires_capture", "processing", "requires_action", "requires_confirmation")
"""Statuses of intents that have money or may take it, the most urgent first."""
_log = structlog.get_logger(__name__)


class StripeAdoption:
    """Looks for intents without a ledger row, and gives them one."""

    def __init__(self, api: StripeApi, ledger: StripeLedger) -> None:
        self._api, self._ledger = api, ledger

    async def look_for(self, key: str, *, but: str | None = None) -> Intent | None:
        """The intent of this key that has money or may take it, besides one that is known."""
        try:
            found, listed = {each.id: each for each in await self._api.search(key)}, SEARCH_LAG
        except StripeRefused:
            found, listed = {}, _OUTAGE
        async for each in self._api.created_since(datetime.now(UTC) - listed):
            if each.key == key:
                found[each.id] = each  # never behind, where the search may be
        live = [each for each in found.values() if each.id != but and each.status in _TAKING]
        return min(live, key=lambda each: (_TAKING.index(each.status), each.created), default=None)

    async def key_of(self, intent_id: str) -> str | None:
        """Our key of an intent, by its id; None where Stripe has no such intent, or it is not ours."""
        try:
            return (await self._api.retrieve(intent_id)).key
        except StripeRefused:
            return None

    async def restore(self, key: str, row: ChargeRow | None) -> ChargeRow | None:
        """The key's row, with the intent that Stripe has for it where the row has none that took money."""
        intent = await self.look_for(key, but=row.intent_id if row else None)
        if intent is None or intent.order_id is None:
            return row
        if row is None:
            row = await self._ledger.begin(_request(intent, key, intent.order_id), fingerprint("adopted", intent.id))
        return await self.adopt(row, intent)

    async def adopt_for(self, request: ChargeRequest, intent: Intent) -> ChargeRow:
        """The row of a charge that is known, with this intent."""
        return await self.adopt(await self._ledger.begin(request, charge_fingerprint(request)), intent)

    async def adopt(self, row: ChargeRow, intent: Intent) -> ChargeRow:
        """The row with this intent from now on, unless it is void or has another that took money."""
        if row.state == "declined":
            row = await self._ledger.raise_attempt(row, row.attempt + 1)
        row = await self._ledger.store_intent(row, intent.id)
        if row.intent_id == intent.id and intent.status in CHARGE_STATES:
            await self._ledger.record(row, CHARGE_STATES[intent.status], held_until=intent.held_until)
            _log.warning("a charge that the ledger had lost was found at Stripe", key=row.key, intent=intent.id)
        return await self._ledger.reread(row.key)


def charge_fingerprint(request: ChargeRequest) -> str:
    """Names the content of a charge, without keeping it."""
    return fingerprint(request.key, request.order_id, request.customer_id, request.amount, request.currency)


def _request(intent: Intent, key: str, order_id: str) -> ChargeRequest:
    """The charge as far as Stripe knows it; a charge under the key by us then has other content, and is refused."""
    return ChargeRequest(key, order_id, "", from_stripe(intent.amount, intent.currency), intent.currency)
