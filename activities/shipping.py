"""Activities that buy and void shipping labels. Names and addresses are read from the stream inside the activity."""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.trace import SpanKind
from temporalio import activity

from activities import signatures as step
from activities.customs import declared_goods
from activities.guards import require_active
from activities.signatures import OrderRef, Shipment, Undo, Undone
from eventstore.tracing import span
from gateways.shipping import ANY_SERVICE, Label, LabelRequest, Recipient, ServiceChoice, ShippingGateway
from inventory.customs_columns import CustomsData
from inventory.stock import Stock
from order_streams import Orders, load_order
from orders.model import Address, Order, quantities, units
from orders.names import key_of_order
from orders.records import LabelChoice
from orders.state import ExistingOrder


def label_key(order_id: str) -> str:
    """Return the idempotency key of an order's only label; voiding it prevents any later label."""
    return key_of_order(step.CREATE_SHIPMENT.name, order_id)


def label_request(
    order: Order, customs: Mapping[str, CustomsData] | None = None, choice: LabelChoice | None = None
) -> LabelRequest:
    """Return the request for the order's only label. customs: by SKU, if the label needs it."""
    return LabelRequest(
        label_key(order.order_id),
        order.order_id,
        units(order),
        _recipient(order.shipping_address),
        currency=order.currency,
        phone=order.shipping_address.phone,
        goods=() if customs is None else declared_goods(order, customs),
        choice=ServiceChoice(choice.carrier, choice.service) if choice else ANY_SERVICE,
    )


async def customs_for_label(gateway: ShippingGateway, stock: Stock, order: Order) -> Mapping[str, CustomsData] | None:
    """Return the customs data that the order's label needs; None if it needs none."""
    if not gateway.needs_customs(order.shipping_address.country):
        return None
    return await stock.customs(list(quantities(order)))


class ShippingActivities:
    """Buys and voids labels at the selected gateway."""

    def __init__(self, orders: Orders, gateway: ShippingGateway, stock: Stock) -> None:
        self._orders, self._gateway, self._stock = orders, gateway, stock

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.create_shipment, self.void_shipment]

    @activity.defn(name=step.CREATE_SHIPMENT.name)
    async def create_shipment(self, ref: OrderRef) -> Shipment:
        """Buy the order's label. Refuses a cancelled or held order; for a shipped order, returns the recorded label."""
        state = (await load_order(self._orders, ref.order_id)).state
        if state.shipment is not None:
            recorded = state.shipment
            return Shipment(
                shipment_id=recorded.shipment_id, tracking_number=recorded.tracking_number, carrier=recorded.carrier
            )
        require_active(state, "CreateShipment")
        # Look the label up first: a carrier may forget the key after a day, and retries last as long as an outage.
        with span("shipping.create", SpanKind.CLIENT, order=ref.order_id):
            label = await self._gateway.find(label_key(ref.order_id)) or await self._bought(state)
        return Shipment(shipment_id=label.shipment_id, tracking_number=label.tracking_number, carrier=label.carrier)

    async def _bought(self, state: ExistingOrder) -> Label:
        customs = await customs_for_label(self._gateway, self._stock, state.order)
        return await self._gateway.create(label_request(state.order, customs, state.label_choice))

    @activity.defn(name=step.VOID_SHIPMENT.name)
    async def void_shipment(self, undo: Undo) -> Undone:
        """Void the label's key; a repeated call returns the current status of the label's refund."""
        with span("shipping.void", SpanKind.CLIENT, order=undo.order.order_id):
            voided = await self._gateway.void(label_key(undo.order.order_id), undo.reason)
        return Undone(existed=voided.existed, pending=voided.pending, refused=voided.refused)


def _recipient(address: Address) -> Recipient:
    return Recipient(
        name=address.name,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country=address.country,
    )
