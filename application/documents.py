"""An order in wire spelling."""

from typing import Any

from order_streams import Orders, load_order
from orders.state import Cancelled, ExistingOrder, Shipped


async def load_document(orders: Orders, order_id: str) -> dict[str, Any]:
    """The order of the stream. Raises OrderNotFound."""
    loaded = await load_order(orders, order_id)
    return order_document(loaded.state, loaded.version)


def order_document(state: ExistingOrder, version: int) -> dict[str, Any]:
    """The order in wire spelling; amounts in minor units."""
    return {
        **state.order.model_dump(mode="json", by_alias=True),
        "status": state.status,
        "paymentState": state.payment_state,
        "version": version,
        "payment": {"paymentId": state.payment.payment_id, "amount": state.payment.amount} if state.payment else None,
        "shipment": {
            "shipmentId": state.shipment.shipment_id,
            "trackingNumber": state.shipment.tracking_number,
            "carrier": state.shipment.carrier,
        }
        if state.shipment
        else None,
        "refund": {"refundId": state.refund.refund_id, "amount": state.refund.amount, "reason": state.refund.reason}
        if state.refund
        else None,
        "refunds": _refunds(state) if isinstance(state, Shipped) else [],
        "hold": {"reason": state.hold.reason} if state.hold else None,
        "cancellation": _cancellation(state) if isinstance(state, Cancelled) else None,
    }


def _refunds(state: Shipped) -> list[dict[str, Any]]:
    """Requested refunds of a shipped order; once `made`, with the amount returned."""
    made = {each.refund_id: each for each in state.refunds}
    return [
        {"refundId": id_, "amount": made.get(id_, each).amount, "reason": each.reason, "made": id_ in made}
        for each in state.requested
        for id_ in [each.refund_id]
    ]


def _cancellation(state: Cancelled) -> dict[str, Any]:
    return {
        "reason": state.reason,
        "cancelledBy": state.cancelled_by.value,
        "shortages": [shortage.model_dump(mode="json", by_alias=True) for shortage in state.shortages],
    }
