"""The steps that look at, take and give back stock."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities import signatures as step
from activities.signatures import Availability, OrderRef, Reserved, Undo, Undone
from activities.streams import require_under_way
from inventory.stock import Stock
from order_streams import Orders, load_order
from orders.model import quantities, units


class InventoryActivities:
    """The inventory as the workflows see it: whole orders, never single SKUs."""

    def __init__(self, orders: Orders, stock: Stock) -> None:
        self._orders, self._stock = orders, stock

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.check_inventory, self.reserve_inventory, self.release_inventory]

    @activity.defn(name=step.CHECK_INVENTORY.name)
    async def check_inventory(self, ref: OrderRef) -> Availability:
        """What is short of a placed order; nothing is asked for an order that has gone on."""
        state = (await load_order(self._orders, ref.order_id)).state
        if state.status != "placed":
            return Availability(status=state.status)
        return Availability(status=state.status, shortages=await self._stock.check(quantities(state.order)))

    @activity.defn(name=step.RESERVE_INVENTORY.name)
    async def reserve_inventory(self, ref: OrderRef) -> Reserved:
        """Take all of the order's units out of stock, or none: raises InsufficientStock, ReservationReleased. A cancelled or
        held order is refused."""
        state = (await load_order(self._orders, ref.order_id)).state
        require_under_way(state, "ReserveInventory")
        order = state.order
        await self._stock.reserve(order.order_id, quantities(order))
        return Reserved(units=units(order))

    @activity.defn(name=step.RELEASE_INVENTORY.name)
    async def release_inventory(self, undo: Undo) -> Undone:
        """Put the order's units back if they were taken, and let none be taken later."""
        return Undone(existed=await self._stock.release(undo.order.order_id))
