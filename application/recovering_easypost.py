"""Labels at EasyPost that our ledger or our log has lost."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from activities.shipping import customs_for_label, label_key, label_request
from application.losses import Loss
from open_work.sources import Sources
from order_streams.folded import read_order
from orders.names import order_of_key

if TYPE_CHECKING:  # the package `easypost` is an extra
    from gateways.easypost.shipment import Shipment
    from gateways.easypost.shipping import EasyPostShippingGateway

_REFUND: Final = "have the label refunded in EasyPost's dashboard"
_OPEN: Final = ("placed", "confirmed", "paid")


async def lost_labels(
    sources: Sources, gateway: "EasyPostShippingGateway", since: datetime, *, apply: bool
) -> AsyncIterator[Loss]:
    """The labels of ours bought since then that can be used and that the ledger does not know."""
    async for shipment in gateway.api.bought_since(since):
        order_id = order_of_key(shipment.reference or "")
        ours = shipment.reference == label_key(order_id)
        if ours and shipment.is_live and await gateway.is_lost(shipment):
            yield await _lost(sources, gateway, shipment, order_id, apply=apply)


async def _lost(
    sources: Sources, gateway: "EasyPostShippingGateway", shipment: "Shipment", order_id: str, *, apply: bool
) -> Loss:
    has = f"has a label at EasyPost as {shipment.id}"
    stream = await read_order(sources.pool, sources.codec, order_id)
    if stream is None:
        return Loss("label", order_id, f"{has}, and no such order is in the log", remedy=_REFUND)
    problem, state = f"{has}, and the ledger does not know", stream.state
    if state is None or state.status not in _OPEN:
        return Loss("label", order_id, problem, remedy=_REFUND)
    request = label_request(state.order, await customs_for_label(gateway, sources.stock, state.order))
    if not await gateway.may_adopt(request, shipment):
        return Loss("label", order_id, problem, remedy=_REFUND)
    if apply:
        await gateway.adopt_for(request, shipment)
    return Loss("label", order_id, problem, done=apply)
