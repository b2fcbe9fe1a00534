"""Labels at EasyPost that our ledger or our log has lost."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from activities.shipping import label_key, label_request
from audit.streams import read_order
from gateways.easypost.ledger import EasyPostLedger
from orders.names import order_of_key

if TYPE_CHECKING:  # the package `easypost` is an extra
    from bootstrap import App
    from gateways.easypost.api import EasyPostApi, Shipment

_TAKE_BACK: Final = "have the label refunded in EasyPost's dashboard"
_GOING_ON: Final = ("placed", "confirmed", "paid")


@dataclass(frozen=True, slots=True)
class LostLabel:
    """done: the ledger has it again, and the order ships with it. remedy: what a person does, None where it is adopted."""

    order_id: str
    problem: str
    done: bool = False
    remedy: str | None = None


async def lost_labels(app: "App", api: "EasyPostApi", since: datetime, *, apply: bool) -> AsyncIterator[LostLabel]:
    """The labels of ours bought since then that can be used and that the ledger does not know."""
    ledger = EasyPostLedger(app.pool)
    async for shipment in api.bought_since(since):
        order_id = order_of_key(shipment.reference or "")
        if not shipment.is_live or shipment.reference != label_key(order_id):
            continue
        row = await ledger.find(shipment.reference)
        if row is None or row.shipment_id != shipment.id:
            yield await _lost(app, api, shipment, order_id, apply=apply)


async def _lost(app: "App", api: "EasyPostApi", shipment: "Shipment", order_id: str, *, apply: bool) -> LostLabel:
    from gateways.easypost.shipping import EasyPostShippingGateway  # noqa: PLC0415

    has = f"has a label at EasyPost as {shipment.id}"
    stream = await read_order(app.pool, app.codec, order_id)
    if stream is None:
        return LostLabel(order_id, f"{has}, and no such order is in the log", remedy=_TAKE_BACK)
    problem, state = f"{has}, and the ledger does not know", stream.state
    if state is None or state.status not in _GOING_ON:
        return LostLabel(order_id, problem, remedy=_TAKE_BACK)
    request = label_request(state.order)
    gateway = EasyPostShippingGateway(app.pool, api, unit_ounces=app.settings.easypost_unit_ounces)
    if not await gateway.may_adopt(request, shipment):
        return LostLabel(order_id, problem, remedy=_TAKE_BACK)
    if apply:
        await gateway.adopt_for(request, shipment)
    return LostLabel(order_id, problem, done=apply)
