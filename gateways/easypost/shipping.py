"""Shipping gateway on EasyPost: a shipment is created, its id stored, its label bought by that id; an unknown outcome is
looked up by that id."""

from typing import Final

import asyncpg

from gateways.easypost.api import RETRY_AFTER, EasyPostApi, EasyPostBusy, EasyPostRefused
from gateways.easypost.ledger import VOIDED, EasyPostLedger, ShipmentRow
from gateways.easypost.rates import NoSuchRate, Rate, lowest_rate
from gateways.easypost.refusals import Refusals, refusal_of, undecided
from gateways.easypost.shipment import Shipment
from gateways.errors import (
    GatewayMisconfigured,
    GatewayUnavailable,
    GatewayUndecided,
    IdempotencyConflict,
)
from gateways.fingerprints import fingerprint
from gateways.shipping import ANY_SERVICE, Label, LabelRequest, ServiceChoice, VoidedLabel
from orders.names import order_of_key

# State of a label by the status of its refund. Bill-on-scan carriers answer not_applicable: no postage was paid.
_STATE_BY_STATUS: Final = {
    "submitted": "voiding",
    "refunded": "voided",
    "not_applicable": "voided",
    "rejected": "void_refused",
}
MAY_APPEAR: Final = 24 * 60 * 60.0  # seconds for which a purchase with an unknown outcome may still make a label


class EasyPostShippingGateway:
    """A ShippingGateway that buys the lowest rate. unit_ounces: the weight of one unit of an order. preferred: carrier and
    service to buy where a person has made no choice.

    Voiding a label requests a refund by the carrier, which takes up to weeks; a rejected refund is requested again at every
    later call, as EasyPost allows. A key that is voided while the outcome of a purchase is unknown stays pending for a day:
    every call looks for a label, and requests its refund.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        api: EasyPostApi,
        *,
        unit_ounces: float = 16,
        preferred: ServiceChoice = ANY_SERVICE,
    ) -> None:
        self.api, self._ledger, self._unit_ounces = api, EasyPostLedger(pool), unit_ounces
        self._preferred, self._refusals = preferred, Refusals(self._ledger)

    def needs_customs(self, country: str) -> bool:
        """As ShippingGateway.needs_customs: to another country, except within the European Union."""
        return self.api.needs_customs(country)

    async def create(self, request: LabelRequest) -> Label:
        """As ShippingGateway.create. A final refusal is stored under its key; after any other, a later call gets new rates."""
        row = await self._ledger.open(request.key, request.order_id, _fingerprint(request))
        if row.state not in VOIDED and row.fingerprint != _fingerprint(request):
            raise IdempotencyConflict(request.key)
        match row.state:
            case "new":
                return await self._buy(request, await self._created(request))
            case "created" | "buying":
                return await self._buy(request, await self._with_new_rates(request, row))
            case _:
                return _result(request.key, row)

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """As ShippingGateway.void. A key without a purchase in the ledger is looked up at EasyPost: it may be lost."""
        known = await self._ledger.find(key)
        if known is None or known.state in ("new", "created"):
            await self.adopt(key)
        row = await self._ledger.open_voided(key, reason)
        while row.state not in VOIDED:
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
        row = await self._ledger.find(key)
        stored = row.shipment_id if row else None
        shipment = await (self.api.retrieve(stored) if stored else self.api.find(key))
        if shipment is None:
            return False
        await self._adopt(key, order_of_key(key), fingerprint("adopted", shipment.id), shipment)
        return shipment.is_bought

    async def is_lost(self, shipment: Shipment) -> bool:
        """True if the ledger does not have the shipment under its reference."""
        assert shipment.reference is not None
        row = await self._ledger.find(shipment.reference)
        return row is None or row.shipment_id != shipment.id

    async def may_adopt(self, request: LabelRequest, shipment: Shipment) -> bool:
        """True if the ledger has no shipment for this request, and EasyPost's has its recipient and weight."""
        row = await self._ledger.find(request.key)
        known = row is not None and (row.state != "new" or row.fingerprint != _fingerprint(request))
        ounces = self.api.ounces(request, self._unit_ounces)
        same = shipment.goes_to(request.recipient) and shipment.ounces == ounces
        return same and not known

    async def adopt_for(self, request: LabelRequest, shipment: Shipment) -> None:
        """Store a bought shipment that may be adopted: `create` then returns its label."""
        await self._adopt(request.key, request.order_id, _fingerprint(request), shipment)

    async def _adopt(self, key: str, order_id: str, content: str, shipment: Shipment) -> None:
        await self._ledger.open(key, order_id, content)
        await self._ledger.store(key, shipment.id)
        row = await self._ledger.read(key)
        if shipment.is_bought and row.shipment_id == shipment.id and row.tracking_number is None:
            await self._recorded(key, shipment)

    async def _created(self, request: LabelRequest) -> Shipment:
        if self.needs_customs(request.recipient.country) and request.customs_problem:
            raise GatewayUndecided(f"no label: {request.customs_problem}", "import it with `orders inventory import`")
        try:
            created = await self.api.create(request, self._unit_ounces)
        except EasyPostRefused as refused:
            raise await self._refusals.by_easypost(request, refused) from None
        if await self._ledger.store(request.key, created.id):
            return created
        row = await self._ledger.read(request.key)  # a concurrent call stored its shipment first
        if row.state not in ("created", "buying") or row.shipment_id is None:
            raise refusal_of(request.key, row)
        return await self.api.retrieve(row.shipment_id)

    async def _with_new_rates(self, request: LabelRequest, row: ShipmentRow) -> Shipment:
        assert row.shipment_id is not None
        shipment = await self.api.retrieve(row.shipment_id)
        if shipment.is_bought or row.buying_seconds:
            return shipment
        try:
            return await self.api.rerated(shipment)
        except EasyPostRefused as refused:
            shipment = await self.api.retrieve(row.shipment_id)  # a concurrent call may have bought a label
            if not shipment.is_bought:
                raise await self._refusals.by_easypost(request, refused) from None
            return shipment

    async def _rate(self, request: LabelRequest, shipment: Shipment) -> Rate:
        if not shipment.rates:
            raise await self._refusals.without_rates(request, shipment)
        try:
            return lowest_rate(shipment.rates, request.choice or self._preferred, request.currency)
        except NoSuchRate as none:
            raise undecided(request, "; ".join((none.reason, *shipment.messages))) from None

    async def _buy(self, request: LabelRequest, shipment: Shipment) -> Label:
        if shipment.is_bought:
            return await self._bought(request.key, shipment)
        rate = await self._rate(request, shipment)
        purchase = await self._ledger.begin_purchase(request.key, self.api.purchase_seconds, MAY_APPEAR)
        if purchase is None:
            return _result(request.key, await self._ledger.read(request.key))
        try:
            shipment = await self.api.buy(shipment.id, rate.id)
        except (EasyPostBusy, GatewayMisconfigured):
            await self._ledger.end_purchase(request.key, purchase)
            raise
        except EasyPostRefused as refused:
            shipment = await self.api.retrieve(shipment.id)  # an earlier purchase may have made a label
            if not shipment.is_bought:
                if not refused.is_pending:
                    await self._ledger.end_purchase(request.key, purchase)
                raise await self._refusals.by_easypost(request, refused) from None
        return await self._bought(request.key, shipment)

    async def _bought(self, key: str, shipment: Shipment) -> Label:
        row = await self._ledger.read(key)
        # A carrier without tracking never sets the number; any other sets it while the purchase is in progress.
        complete = shipment.labelled and (shipment.tracking_number is not None or not row.buying_seconds)
        if not complete and not (shipment.is_bought and row.state in VOIDED):
            raise GatewayUnavailable("EasyPost has not made the label yet", RETRY_AFTER)
        row = await self._recorded(key, shipment)
        if row.state == "voiding":  # voided in the meantime: this call found the label first
            await self._refunded(key, row)
        return _result(key, row)

    async def _recorded(self, key: str, shipment: Shipment) -> ShipmentRow:
        return await self._ledger.record_label(key, shipment.tracking_number or shipment.id, shipment.carrier)

    async def _after_look(self, key: str, row: ShipmentRow) -> ShipmentRow:
        """Look for a label of a purchase with an unknown outcome, and return the voided row after that."""
        assert row.shipment_id is not None
        shipment = await self.api.retrieve(row.shipment_id)
        if shipment.is_bought:
            return await self._recorded(key, shipment)
        await self._ledger.complete_void(key)
        return await self._ledger.read(key)

    async def _refunded(self, key: str, row: ShipmentRow) -> VoidedLabel:
        assert row.shipment_id is not None
        shipment = await self.api.retrieve(row.shipment_id)
        refused = None
        if shipment.refund_status in (None, "rejected"):
            try:
                shipment = await self.api.refund(row.shipment_id)
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
    raise refusal_of(key, row)


def _label(row: ShipmentRow) -> Label:
    assert row.shipment_id is not None
    assert row.tracking_number is not None
    assert row.carrier is not None
    return Label(row.shipment_id, row.tracking_number, row.carrier)


def _fingerprint(request: LabelRequest) -> str:
    return fingerprint(request.key, request.order_id, request.units, request.recipient)
