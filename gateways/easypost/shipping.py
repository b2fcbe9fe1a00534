"""Shipping gateway on EasyPost: a shipment is created, its id stored, its label bought by that id; an unknown outcome is
looked up by that id."""

from typing import Final

import asyncpg

from gateways.easypost.api import EasyPostApi, EasyPostBusy, EasyPostRefused, Shipment
from gateways.easypost.carrier_messages import refusal_reason
from gateways.easypost.ledger import EasyPostLedger, ShipmentRow
from gateways.errors import (
    GatewayMisconfigured,
    GatewayUnavailable,
    IdempotencyConflict,
    KeyVoided,
    ShippingUnavailable,
)
from gateways.fingerprints import fingerprint
from gateways.shipping import Label, LabelRequest, VoidedLabel
from orders.names import order_of_key

# State of a label by the status of its refund. Bill-on-scan carriers answer not_applicable: no postage was paid.
_STATE_BY_STATUS: Final = {
    "submitted": "voiding",
    "refunded": "voided",
    "not_applicable": "voided",
    "rejected": "void_refused",
}
_VOIDED: Final = ("voiding", "voided", "void_refused")
MAY_APPEAR: Final = 24 * 60 * 60.0  # seconds for which a purchase with an unknown outcome may still make a label
_RETRY_AFTER: Final = 15.0  # seconds; six attempts make one round, whose last look comes after the purchase has ended


class EasyPostShippingGateway:
    """A ShippingGateway that buys the lowest rate. unit_ounces: the weight of one unit of an order.

    Voiding a label requests a refund by the carrier, which takes up to weeks; a rejected refund is requested again at every
    later call, as EasyPost allows. A key that is voided while the outcome of a purchase is unknown stays pending for a day:
    every call looks for a label, and requests its refund.
    """

    def __init__(self, pool: asyncpg.Pool, api: EasyPostApi, *, unit_ounces: float = 16) -> None:
        self._ledger, self._api, self._unit_ounces = EasyPostLedger(pool), api, unit_ounces

    async def create(self, request: LabelRequest) -> Label:
        """As ShippingGateway.create. A refusal is stored under its key."""
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
                return _result(request.key, row)

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """As ShippingGateway.void. A key without a shipment in the ledger is looked up at EasyPost: its row may be lost."""
        known = await self._ledger.find(key)
        if known is None or known.state == "new":
            await self.adopt(key)
        row = await self._ledger.open_voided(key, reason)
        while row.state not in _VOIDED:
            if row.state == "bought":
                await self._ledger.void_bought(key, reason)
            else:
                await self._ledger.void_unbought(key, reason)
            row = await self._ledger.read(key)
        if row.state == "voiding" and row.tracking_number is None:
            row = await self._after_look(key, row)
        if row.tracking_number is None:
            return VoidedLabel(existed=False, pending=row.state == "voiding")
        if row.state == "voided":
            return VoidedLabel(existed=True)
        return await self._refunded(key, row)

    async def find(self, key: str) -> Label | None:
        """As ShippingGateway.find, from the ledger: `create` looks unknown outcomes up at EasyPost."""
        row = await self._ledger.find(key)
        return _label(row) if row and row.state == "bought" else None

    async def adopt(self, key: str) -> bool:
        """Store the shipment that EasyPost has under the key, if the ledger has none; return True if its label is bought."""
        shipment = await self._api.find(key)
        if shipment is None:
            return False
        await self._ledger.open(key, order_of_key(key), fingerprint("adopted", shipment.id))
        await self._ledger.store(key, shipment.id)
        row = await self._ledger.read(key)
        if shipment.is_bought and row.shipment_id == shipment.id and row.tracking_number is None:
            await self._recorded(key, shipment)
        return shipment.is_bought

    async def _created(self, request: LabelRequest) -> Shipment:
        try:
            created = await self._api.create(request.key, request.recipient, request.units * self._unit_ounces)
        except EasyPostRefused as refused:
            raise await self._refused(request, refused.reason) from None
        if await self._ledger.store(request.key, created.id):
            return created
        row = await self._ledger.read(request.key)  # a concurrent call stored its shipment first
        if row.state not in ("created", "buying") or row.shipment_id is None:
            raise _refusal(request.key, row)
        return await self._api.retrieve(row.shipment_id)

    async def _buy(self, request: LabelRequest, shipment: Shipment) -> Label:
        if shipment.is_bought:
            return await self._bought(request.key, shipment)
        if shipment.rate_id is None:
            raise await self._refused(request, "; ".join(shipment.messages))
        purchase = await self._ledger.begin_purchase(request.key, self._api.purchase_seconds, MAY_APPEAR)
        if purchase is None:
            return _result(request.key, await self._ledger.read(request.key))
        try:
            shipment = await self._api.buy(shipment.id, shipment.rate_id)
        except (EasyPostBusy, GatewayMisconfigured):
            await self._ledger.end_purchase(request.key, purchase)
            raise
        except EasyPostRefused as refused:
            shipment = await self._api.retrieve(shipment.id)  # an earlier purchase may have made a label
            if not shipment.is_bought and refused.is_pending:
                raise GatewayUnavailable(f"EasyPost has not decided: {refused.code}", _RETRY_AFTER) from None
            if not shipment.is_bought:
                await self._ledger.end_purchase(request.key, purchase)
                raise await self._refused(request, refused.reason) from None
        return await self._bought(request.key, shipment)

    async def _bought(self, key: str, shipment: Shipment) -> Label:
        row = await self._ledger.read(key)
        # A carrier without tracking never sets the number; any other sets it while the purchase is in progress.
        complete = shipment.labelled and (shipment.tracking_number is not None or not row.buying_seconds)
        if not complete and not (shipment.is_bought and row.state in _VOIDED):
            raise GatewayUnavailable("EasyPost has not made the label yet", _RETRY_AFTER)
        row = await self._recorded(key, shipment)
        if row.state == "voiding":  # voided in the meantime: this call found the label first
            await self._refunded(key, row)
        return _result(key, row)

    async def _recorded(self, key: str, shipment: Shipment) -> ShipmentRow:
        return await self._ledger.record_label(key, shipment.tracking_number or shipment.id, shipment.carrier)

    async def _after_look(self, key: str, row: ShipmentRow) -> ShipmentRow:
        """Look for a label of a purchase with an unknown outcome, and return the voided row after that."""
        assert row.shipment_id is not None
        shipment = await self._api.retrieve(row.shipment_id)
        if shipment.is_bought:
            return await self._recorded(key, shipment)
        await self._ledger.complete_void(key)
        return await self._ledger.read(key)

    async def _refused(self, request: LabelRequest, reason: str) -> Exception:
        row = await self._ledger.refuse(request.key, refusal_reason(reason, request.recipient))
        return _refusal(request.key, row)

    async def _refunded(self, key: str, row: ShipmentRow) -> VoidedLabel:
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
        await self._ledger.record_refund(key, "void_refused" if refused else state)
        return VoidedLabel(existed=True, pending=state != "voided", refused=refused)


def _result(key: str, row: ShipmentRow) -> Label:
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
    # The outcome of the other purchase can be looked up once it has ended.
    return GatewayUnavailable("another purchase is in progress", retry_after=row.buying_seconds or None)


def _fingerprint(request: LabelRequest) -> str:
    return fingerprint(request.key, request.order_id, request.units, request.recipient)
