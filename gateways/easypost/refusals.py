"""Refusals of a label: final ones are recorded under the key, any other is left to a later call or a person."""

from typing import Final

from gateways.easypost.api import RETRY_AFTER, EasyPostRefused
from gateways.easypost.carrier_messages import masked, refusal_reason
from gateways.easypost.final_reasons import are_final, is_final
from gateways.easypost.ledger import VOIDED, EasyPostLedger, ShipmentRow
from gateways.easypost.shipment import Shipment
from gateways.errors import GatewayUnavailable, GatewayUndecided, KeyVoided, ShippingUnavailable
from gateways.shipping import LabelRequest

_REMEDY: Final = (
    "`orders retry` tries again at once, with --carrier and --service by another rate; `orders cancel` ends the order"
)


class Refusals:
    """Each method returns the exception to raise."""

    def __init__(self, ledger: EasyPostLedger) -> None:
        self._ledger = ledger

    async def by_easypost(self, request: LabelRequest, refused: EasyPostRefused) -> Exception:
        """Refusal of a request, after which there is no label."""
        if refused.is_pending:
            return GatewayUnavailable(f"EasyPost has not decided: {refused.code}", RETRY_AFTER)
        if is_final(refused.code):
            return await self._recorded(request, refused.reason)
        return undecided(request, f"{refused.code}: {refused.reason}")

    async def without_rates(self, request: LabelRequest, shipment: Shipment) -> Exception:
        """Refusal of a shipment for which no carrier offers a rate."""
        messages = "; ".join(shipment.messages)
        if are_final(shipment.messages):
            return await self._recorded(request, messages)
        return undecided(request, f"no carrier offers a rate: {messages or 'none gives a reason'}")

    async def _recorded(self, request: LabelRequest, reason: str) -> Exception:
        row = await self._ledger.refuse(request.key, refusal_reason(reason, request.recipient, request.phone))
        return refusal_of(request.key, row)


def undecided(request: LabelRequest, message: str) -> GatewayUndecided:
    """Refusal for a reason that is not known to be final."""
    return GatewayUndecided(f"no label yet: {masked(message, request.recipient, request.phone)}", _REMEDY)


def refusal_of(key: str, row: ShipmentRow) -> Exception:
    """Refusal by a row that has no live label."""
    if row.state in VOIDED:
        return KeyVoided(key)
    if row.state == "refused":
        return ShippingUnavailable(row.refusal_reason or "Shipping unavailable")
    # The outcome of the other purchase can be looked up once it has ended.
    return GatewayUnavailable("another purchase is in progress", retry_after=row.buying_seconds or None)
