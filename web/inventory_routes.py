"""Stock: a person's adjustments of it, the list of them, and units that come back from an order."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from application.restocking import Restock, restock
from application.wire import camel_case
from inventory.errors import InvalidAdjustment
from orders.fields import Identifier, Quantity, Reason, Sku
from web import models
from web.keys import Role
from web.models import Asked
from web.parameters import MAX_POSITION, AfterEntry, Limit, OfSku, OrderId
from web.route import ApiRoute, requires
from web.system import Asking, CommandId, Shared

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["inventory"])
Units = Annotated[int, Field(ge=0, le=MAX_POSITION)]


class LevelBody(Asked):
    """available: units from now on. expect: nothing is changed unless so many are available."""

    sku: Sku
    available: Units
    reason: Reason | None = None
    expect: Units | None = None


class AdjustmentBody(Asked):
    """change: units that are added, or taken away where it is negative. expect: as for a level."""

    sku: Sku
    change: Annotated[int, Field(ge=-MAX_POSITION, le=MAX_POSITION)]
    reason: Reason
    expect: Units | None = None


class ReturnedItem(Asked):
    sku: Sku
    units: Quantity


class RestockBody(Asked):
    """refundId: the refund of the returned goods; the units go back once for each."""

    refund_id: Identifier
    items: Annotated[list[ReturnedItem], Field(min_length=1, max_length=2_000)]
    reason: Reason


@router.get("/inventory/adjustments", response_model=models.AdjustmentList)
@requires(Role.READ)
async def list_adjustments(
    system: Shared, sku: OfSku = None, limit: Limit = 50, after: AfterEntry = None
) -> dict[str, Any]:
    """Adjustments of stock, the newest first: imports, levels set, changes, restocks."""
    found = await system.adjustments.list(sku=sku, before=after, limit=limit + 1)
    following = str(found[limit - 1].id) if len(found) > limit else None
    return {"adjustments": [camel_case(asdict(each)) for each in found[:limit]], "after": following}


@router.post("/inventory/levels", response_model=models.Adjustment, status_code=201)
@requires(Role.OPERATE)
async def set_level(system: Shared, caller: Asking, command_id: CommandId, body: LevelBody) -> dict[str, Any]:
    """Set the available units of a SKU, which may be new."""
    made = await system.adjustments.set_level(
        body.sku,
        body.available,
        actor=caller.actor,
        reason=body.reason,
        expected=body.expect,
        request_id=command_id,
    )
    return camel_case(asdict(made))


@router.post("/inventory/adjustments", response_model=models.Adjustment, status_code=201)
@requires(Role.OPERATE)
async def adjust_stock(system: Shared, caller: Asking, command_id: CommandId, body: AdjustmentBody) -> dict[str, Any]:
    """Add units to a SKU, or take them away; never below zero."""
    made = await system.adjustments.adjust(
        body.sku, body.change, actor=caller.actor, reason=body.reason, expected=body.expect, request_id=command_id
    )
    return camel_case(asdict(made))


@router.post("/orders/{orderId}/restocks", response_model=models.Restocked, status_code=201)
@requires(Role.OPERATE)
async def restock_order(system: Shared, caller: Asking, order_id: OrderId, body: RestockBody) -> dict[str, Any]:
    """Put returned units of a refunded order back into stock, once for each refund."""
    units = {item.sku: item.units for item in body.items}
    if len(units) < len(body.items):
        raise InvalidAdjustment("items", "must have each SKU once")
    asked = Restock(order_id, body.refund_id, units, body.reason)
    made = await restock(system.orders, system.adjustments, asked, actor=caller.actor)
    return {
        "orderId": order_id,
        "refundId": body.refund_id,
        "changed": made.changed,
        "adjustments": [camel_case(asdict(each)) for each in made.entries],
    }
