"""Records the changes of an order's payment at the provider in the order's stream, with the provider as actor."""

from gateways.payments import PaymentChange, PaymentGateway
from order_streams import Orders, load_order, metadata_of
from orders.adjustments import Adjustment
from orders.commands import RecordAdjustment
from orders.fields import MAX_TEXT
from orders.ids import stream_name
from orders.names import charge_key, derived_name
from orders.state import Cancelled, ExistingOrder, Placed, Shipped


class Adjusting:
    """Compares a payment at the provider with its order, by the present state of both, and records missing changes."""

    def __init__(self, orders: Orders, gateway: PaymentGateway) -> None:
        self._orders, self._gateway = orders, gateway

    async def adjust(self, order_id: str) -> tuple[ExistingOrder, list[Adjustment]]:
        """Return the order's state, and the adjustments recorded by this call.

        Raises OrderNotFound, the refusals of the gateway, GatewayUnavailable and GatewayMisconfigured.
        """
        state = (await load_order(self._orders, order_id)).state
        if isinstance(state, Placed) or (isinstance(state, Cancelled) and state.reached == "placed"):
            return state, []
        changes = await self._gateway.changes(charge_key(order_id), crediting=_has_open_refund(state))
        before = len(state.adjustments)
        for change in changes:
            if _is_missing(state, change):
                state = await self._record(order_id, change)
        return state, list(state.adjustments[before:])

    async def _record(self, order_id: str, change: PaymentChange) -> ExistingOrder:
        reason = (change.reason or "").replace("\x00", "").strip()[:MAX_TEXT] or None
        command = RecordAdjustment(order_id, change.action, change.reference, change.payment_id, change.amount, reason)
        handled = await self._orders.handle(
            stream_name(order_id),
            command,
            command_id=derived_name("adjust-payment", order_id, f"{change.action}/{change.reference}"),
            metadata=await metadata_of(self._orders, order_id, actor=change.provider),
        )
        assert isinstance(handled.state, ExistingOrder)
        return handled.state


def _has_open_refund(state: ExistingOrder) -> bool:
    return isinstance(state, Shipped) and bool(state.owed)


def _is_missing(state: ExistingOrder, change: PaymentChange) -> bool:
    """True for a change of the recorded payment that is not recorded. Another payment of the order is found by the audit."""
    if state.payment is not None and state.payment.payment_id != change.payment_id:
        return False
    return all((each.action, each.reference) != (change.action, change.reference) for each in state.adjustments)
