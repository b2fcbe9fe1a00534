"""A shipping gateway on EasyPost: created, stored, bought by id; what is unknown is looked up by that id."""

from typing import Final

import asyncpg

from gateways.easypost.api import EasyPostApi, EasyPostBusy, EasyPostRefused, Shipment
from gateways.easypost.ledger import EasyPostLedger, ShipmentRow
from gateways.easypost.words import carriers_words
from gateways.fingerprints import fingerprint
from gateways.protocols import (
    GatewayMisconfigured,
    GatewayUnavailable,
    IdempotencyConflict,
    KeyVoided,
    Label,
    LabelRequest,
    ShippingUnavailable,
    VoidedLabel,
)
from orders.names import order_of_key

# How a carrier's answer to a refund leaves the label. Bill-on-scan carriers answer not_applicable: nothing was paid.
_STATE_BY_STATUS: Final = {
    "submitted": "voiding",
    "refunded": "voided",
    "not_applicable": "voided",
    "rejected": "void_refused",
}
_VOIDED: Final = ("voiding", "voided", "void_refused")
MAY_APPEAR: Final = 24 * 60 * 60.0  # seconds for which a purchase with an unknown outcome may still make a label
_LOOK_AGAIN: Final = 15.0  # seconds; with a round of six attempts a look comes after the purchase's time is over


class EasyPostShippingGateway:
    """A ShippingGateway that buys the lowest rate. unit_ounces: the weight of one unit of an order.

    A label that is taken back is refunded by the carrier, which takes up to weeks; a rejected refund is asked for again
    at every later call, as EasyPost allows. A key that is voided while the outcome of a purchase is unknown stays pending
    for a day, and every look at it has a label that has appeared taken back.
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
        """As ShippingGateway.void. A key of which the ledger knows no purchase is looked up at EasyPost: it may be lost."""
        known = await self._ledger.find(key)
        if known is None or known.state in ("new", "created"):
            await self.adopt(key)
        row = await self._ledger.bury(key, reason)
        while row.state not in _VOIDED:
            if row.state == "bought":
                await self._ledger.void_bought(key, reason)
            else:
                await self._ledger.void_unbought(key, reason)
            row = await self._ledger.read(key)
        if row.state == "voiding" and row.tracking_number is None:
            row = await self._looked_for(key, row)
        if row.tracking_number is None:
            return VoidedLabel(existed=False, pending=row.state == "voiding")
        if row.state == "voided":
            return VoidedLabel(existed=True)
        return await self._taken_back(key, row)

    async def find(self, key: str) -> Label | None:
        """As ShippingGateway.find, from our ledger: create looks up at EasyPost what is unknown there."""
        row = await self._ledger.find(key)
        return _label(row) if row and row.state == "bought" else None

    async def adopt(self, key: str) -> bool:
        """Give the key the shipment that EasyPost has under it, where our ledger has none. Whether its label is bought."""
        row = await self._ledger.find(key)
        stored = row.shipment_id if row else None
        shipment = await (self._api.retrieve(stored) if stored else self._api.find(key))
        if shipment is None:
            return False
        await self._adopt(key, order_of_key(key), fingerprint("adopted", shipment.id), shipment)
        return shipment.is_bought

    async def may_adopt(self, request: LabelRequest, shipment: Shipment) -> bool:
        """True where the ledger has no shipment for this request, and the one at EasyPost has its recipient and weight."""
        row = await self._ledger.find(request.key)
        known = row is not None and (row.state != "new" or row.fingerprint != _fingerprint(request))
        same = shipment.goes_to(request.recipient) and shipment.ounces == request.units * self._unit_ounces
        return same and not known

    async def adopt_for(self, request: LabelRequest, shipment: Shipment) -> None:
        """Give the request a bought shipment that it may adopt: create then answers with its label."""
        await self._adopt(request.key, request.order_id, _fingerprint(request), shipment)

    async def _adopt(self, key: str, order_id: str, content: str, shipment: Shipment) -> None:
        await self._ledger.open(key, order_id, content)
        await self._ledger.store(key, shipment.id)
        row = await self._ledger.read(key)
        if shipment.is_bought and row.shipment_id == shipment.id and row.tracking_number is None:
            await self._recorded(key, shipment)

    async def _created(self, request: LabelRequest) -> Shipment:
        try:
            created = await self._api.create(request.key, request.recipient, request.units * self._unit_ounces)
        except EasyPostRefused as refused:
            raise await self._refused(request, refused.words) from None
        if await self._ledger.store(request.key, created.id):
            return created
        row = await self._ledger.read(request.key)  # another attempt was faster: its shipment is the one to buy
        if row.state not in ("created", "buying") or row.shipment_id is None:
            raise _refusal(request.key, row)
        return await self._api.retrieve(row.shipment_id)

    async def _buy(self, request: LabelRequest, shipment: Shipment) -> Label:
        if shipment.is_bought:
            return await self._bought(request.key, shipment)
        if shipment.rate_id is None:
            raise await self._refused(request, "; ".join(shipment.messages))
        purchase = await self._ledger.buy(request.key, self._api.purchase_seconds, MAY_APPEAR)
        if purchase is None:
            return _answer(request.key, await self._ledger.read(request.key))
        try:
            shipment = await self._api.buy(shipment.id, shipment.rate_id)
        except (EasyPostBusy, GatewayMisconfigured):
            await self._ledger.not_bought(request.key, purchase)
            raise
        except EasyPostRefused as refused:
            shipment = await self._api.retrieve(shipment.id)  # a purchase whose answer was lost may have made a label
            if not shipment.is_bought and refused.is_undecided:
                raise GatewayUnavailable(f"EasyPost has not decided: {refused.code}", _LOOK_AGAIN) from None
            if not shipment.is_bought:
                await self._ledger.not_bought(request.key, purchase)
                raise await self._refused(request, refused.words) from None
        return await self._bought(request.key, shipment)

    async def _bought(self, key: str, shipment: Shipment) -> Label:
        row = await self._ledger.read(key)
        # A carrier without tracking leaves the number out for good; any other sets it while the purchase is in progress.
        complete = shipment.labelled and (shipment.tracking_number is not None or not row.buying_seconds)
        if not complete and not (shipment.is_bought and row.state in _VOIDED):
            raise GatewayUnavailable("EasyPost has not made the label yet", _LOOK_AGAIN)
        row = await self._recorded(key, shipment)
        if row.state == "voiding":  # voided in the meantime: no other call knows of the label yet
            await self._taken_back(key, row)
        return _answer(key, row)

    async def _recorded(self, key: str, shipment: Shipment) -> ShipmentRow:
        return await self._ledger.bought(key, shipment.tracking_number or shipment.id, shipment.carrier)

    async def _looked_for(self, key: str, row: ShipmentRow) -> ShipmentRow:
        """The voided row after a look for a label that a purchase with an unknown outcome has made since."""
        assert row.shipment_id is not None
        shipment = await self._api.retrieve(row.shipment_id)
        if shipment.is_bought:
            return await self._recorded(key, shipment)
        await self._ledger.never_came(key)
        return await self._ledger.read(key)

    async def _refused(self, request: LabelRequest, words: str) -> Exception:
        row = await self._ledger.refuse(request.key, carriers_words(words, request.recipient))
        return _refusal(request.key, row)

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
    # The outcome of the other purchase can be looked up once its time is over.
    return GatewayUnavailable("another purchase is in progress", retry_after=row.buying_seconds or None)


def _fingerprint(request: LabelRequest) -> str:
    return fingerprint(request.key, request.order_id, request.units, request.recipient)
