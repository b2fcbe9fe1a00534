"""A shipping gateway on EasyPost: created, stored, bought by id; what is unknown is looked up by that id."""

from datetime import datetime
from typing import Final

import asyncpg

from activities.gateways.easypost_api import EasyPostApi, EasyPostBusy, EasyPostRefused, Shipment
from activities.gateways.easypost_ledger import EasyPostLedger, ShipmentRow
from activities.gateways.easypost_words import carriers_words
from activities.gateways.fingerprints import fingerprint
from activities.gateways.protocols import (
    GatewayMisconfigured,
    GatewayUnavailable,
    IdempotencyConflict,
    KeyVoided,
    Label,
    LabelRequest,
    ShippingUnavailable,
    VoidedLabel,
)

# How a carrier's answer to a refund leaves the label. Bill-on-scan carriers answer not_applicable: nothing was paid.
_STATE_BY_STATUS: Final = {
    "submitted": "voiding",
    "refunded": "voided",
    "not_applicable": "voided",
    "rejected": "void_refused",
}
_VOIDED: Final = ("voiding", "voided", "void_refused")


class EasyPostShippingGateway:
    """A ShippingGateway that buys the lowest rate. unit_ounces: the weight of one unit of an order.

    A label that is taken back is refunded by the carrier, which takes up to weeks; a rejected refund is asked for again
    at every later call, as EasyPost allows.
    """

    def __init__(self, pool: asyncpg.Pool, api: EasyPostApi, *, unit_ounces: float = 16) -> None:
        self._ledger, self._api, self._unit_ounces = EasyPostLedger(pool), api, unit_ounces

    async def create(self, request: LabelRequest) -> Label:
        """As ShippingGateway.create. A refusal is remembered under its key."""
        row = await self._ledger.open(request.key, request.order_id, _fingerprint(request))
        if row.state not in _VOIDED and row.fingerprint != _fingerprint(request):
            raise IdempotencyConflict(request.key)
        match row.state:
            case "new":
                return await self._buy(request, await self._created(request))
            case "created" | "buying":
                assert row.shipment_id is not None
                return await self._buy(request, await self._api.retrieve(row.shipment_id))
            case _:
                return _answer(request.key, row)

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """As ShippingGateway.void. GatewayUnavailable while a call that buys may still arrive."""
        row = await self._ledger.bury(key, reason)
        while row.state not in _VOIDED:
            await self._void(key, reason, row)
            row = await self._ledger.read(key)
        if row.tracking_number is None:
            return VoidedLabel(existed=False)
        if row.state == "voided":
            return VoidedLabel(existed=True)
        return await self._taken_back(key, row)

    async def find(self, key: str) -> Label | None:
        """As ShippingGateway.find, from our ledger: create looks up at EasyPost what is unknown there."""
        row = await self._ledger.find(key)
        return _label(row) if row and row.state == "bought" else None

    async def _created(self, request: LabelRequest) -> Shipment:
        try:
            created = await self._api.create(request.key, request.recipient, request.units * self._unit_ounces)
        except EasyPostRefused as refused:
            raise await self._refused(request, refused.words, None) from None
        if await self._ledger.store(request.key, created.id):
            return created
        row = await self._ledger.read(request.key)  # another attempt was faster: its shipment is the one to buy
        if row.state not in ("created", "buying") or row.shipment_id is None:
            raise _refusal(request.key, row)
        return await self._api.retrieve(row.shipment_id)

    async def _buy(self, request: LabelRequest, shipment: Shipment) -> Label:
        if shipment.tracking_number is not None:
            return await self._bought(request.key, shipment)
        if shipment.rate_id is None:
            raise await self._refused(request, "; ".join(shipment.messages), None)
        call = await self._ledger.buy(request.key, self._api.longest_call)
        if call is None:
            return _answer(request.key, await self._ledger.read(request.key))
        try:
            shipment = await self._api.buy(shipment.id, shipment.rate_id)
        except (EasyPostBusy, GatewayMisconfigured):
            await self._ledger.not_bought(request.key, call)
            raise
        except EasyPostRefused as refused:
            shipment = await self._api.retrieve(shipment.id)  # it may have been bought by a call we heard nothing of
            if shipment.tracking_number is None:
                raise await self._refused(request, refused.words, call) from None
        return await self._bought(request.key, shipment)

    async def _bought(self, key: str, shipment: Shipment) -> Label:
        if shipment.tracking_number is None or shipment.carrier is None:
            raise GatewayUnavailable("EasyPost has not made the label yet")
        row = await self._ledger.bought(key, shipment.tracking_number, shipment.carrier)
        if row.state == "voiding":  # it came after the key was voided, and nobody else knows of it
            await self._taken_back(key, row)
        return _answer(key, row)

    async def _refused(self, request: LabelRequest, words: str, call: datetime | None) -> Exception:
        row = await self._ledger.refuse(request.key, carriers_words(words, request.recipient), call)
        return _refusal(request.key, row)

    async def _void(self, key: str, reason: str, row: ShipmentRow) -> None:
        """One step towards a void row; changes nothing where the row has gone on meanwhile."""
        if row.state == "bought":
            await self._ledger.void_bought(key, reason)
            return
        if row.state == "buying":
            assert row.shipment_id is not None
            shipment = await self._api.retrieve(row.shipment_id)
            if shipment.tracking_number is not None and shipment.carrier is not None:
                await self._ledger.bought(key, shipment.tracking_number, shipment.carrier)
                return
            if row.buying_seconds:
                raise GatewayUnavailable("the label may be bought at this moment", retry_after=row.buying_seconds)
        await self._ledger.void_unbought(key, reason, row.buying_until)

    async def _taken_back(self, key: str, row: ShipmentRow) -> VoidedLabel:
        assert row.shipment_id is not None
        shipment = await self._api.retrieve(row.shipment_id)
        refused = None
        if shipment.refund_status in (None, "rejected"):
            try:
                shipment = await self._api.refund(row.shipment_id)
            except EasyPostRefused as refusal:
                refused = f"the carrier does not take the label back: {refusal.code}"
        state = _STATE_BY_STATUS.get(shipment.refund_status or "", "voiding")
        if state == "void_refused" and refused is None:
            refused = "the carrier does not take the label back: rejected"
        await self._ledger.settle(key, "void_refused" if refused else state)
        return VoidedLabel(existed=True, pending=state != "voided", refused=refused)


def _answer(key: str, row: ShipmentRow) -> Label:
    if row.state == "bought":
        return _label(row)
    raise _refusal(key, row)


def _label(row: ShipmentRow) -> Label:
    assert row.shipment_id is not None
    assert row.tracking_number is not None
    assert row.carrier is not None
    return Label(row.shipment_id, row.tracking_number, row.carrier)


def _refusal(key: str, row: ShipmentRow) -> Exception:
    if row.state in _VOIDED:
        return KeyVoided(key)
    if row.state == "refused":
        return ShippingUnavailable(row.refusal_reason or "Shipping unavailable")
    # Somebody else is at it: asked again once that has ended, what it came to is known.
    return GatewayUnavailable("another attempt is under way", retry_after=row.buying_seconds or None)


def _fingerprint(request: LabelRequest) -> str:
    return fingerprint(request.key, request.order_id, request.units, request.recipient)
