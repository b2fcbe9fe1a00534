"""Activities that check, reserve and release stock. The check includes what a label needs to know of the goods."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities import signatures as step
from activities.guards import require_active
from activities.shipping import customs_for_label, label_request
from activities.signatures import Availability, OrderRef, Reserved, Undo, Undone
from gateways.shipping import ShippingGateway
from inventory.stock import Stock
from order_streams import Orders, load_order
from orders.model import quantities, units


class InventoryActivities:
    """Stock operations on whole orders."""

    def __init__(self, orders: Orders, stock: Stock, shipping: ShippingGateway) -> None:
        self._orders, self._stock, self._shipping = orders, stock, shipping

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.check_inventory, self.reserve_inventory, self.release_inventory]

    @activity.defn(name=step.CHECK_INVENTORY.name)
    async def check_inventory(self, ref: OrderRef) -> Availability:
        """Return the shortages and unknown SKUs of a placed order, and the reason why it can have no label; an order in another
        status is not checked."""
        state = (await load_order(self._orders, ref.order_id)).state
        if state.status != "placed":
            return Availability(status=state.status)
        shortages = await self._stock.check(quantities(state.order))
        customs = await customs_for_label(self._shipping, self._stock, state.order)
        unshippable = label_request(state.order, customs).customs_problem if customs is not None else None
        unknown = await self._stock.unknown([short.sku for short in shortages]) if shortages else ()
        return Availability(status=state.status, shortages=shortages, unshippable=unshippable, unknown=unknown)

    @activity.defn(name=step.RESERVE_INVENTORY.name)
    async def reserve_inventory(self, ref: OrderRef) -> Reserved:
        """Reserve all of the order's units, or none. Refuses a cancelled or held order. Raises InsufficientStock or
        ReservationReleased."""
        state = (await load_order(self._orders, ref.order_id)).state
        require_active(state, "ReserveInventory")
        order = state.order
        await self._stock.reserve(order.order_id, quantities(order))
        return Reserved(units=units(order))

    @activity.defn(name=step.RELEASE_INVENTORY.name)
    async def release_inventory(self, undo: Undo) -> Undone:
        """Release the order's units, and refuse any later reservation."""
        return Undone(existed=await self._stock.release(undo.order.order_id))
