"""Activities that read an order's stream and append to it."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities import signatures as step
from activities.guards import requested_refund
from activities.signatures import (
    Cancellation,
    OrderProgress,
    OrderRef,
    PaymentFailureRecord,
    PaymentRecord,
    RefundRecord,
    RefundRef,
    RefundRefusal,
    ShipmentRecord,
)
from inventory.stock import Stock
from order_streams import BULK, Orders, load_order
from orders.commands import (
    CancelOrder,
    CloseRefund,
    Command,
    ConfirmOrder,
    RecordPayment,
    RecordPendingPayment,
    RecordRefund,
    RecordShipment,
)
from orders.errors import IllegalTransition, OrderNotCancellable, RefundNotOpen
from orders.events import CancelledBy
from orders.fields import MAX_TEXT
from orders.ids import stream_name
from orders.names import derived_name
from orders.payment_attempts import RecordPaymentFailure
from orders.payment_events import RefundOutcome
from orders.records import PaymentFailure
from orders.state import Cancelled, ExistingOrder, NotPlaced


class OrderActivities:
    """Each appends one event, decided on the current stream; a repeated call returns the first result."""

    def __init__(self, orders: Orders, stock: Stock) -> None:
        self._orders, self._stock = orders, stock

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [
            self.read_order,
            self.confirm,
            self.cancel,
            self.record_payment,
            self.record_payment_failure,
            self.record_shipment,
            self.record_refund,
            self.record_requested_refund,
            self.record_pending_payment,
            self.close_refund,
        ]

    @activity.defn(name=step.READ_ORDER.name)
    async def read_order(self, order: OrderRef) -> OrderProgress:
        loaded = await load_order(self._orders, order.order_id)
        reserved = await self._stock.is_known(order.order_id)
        return _progress(loaded.state).model_copy(update={"reserved": reserved, "shows_changes": True})

    @activity.defn(name=step.CONFIRM.name)
    async def confirm(self, order: OrderRef) -> OrderProgress:
        try:
            return await self._handle(order, ConfirmOrder(order.order_id))
        except IllegalTransition:  # cancelled in the meantime
            return await self._current(order)

    @activity.defn(name=step.CANCEL.name)
    async def cancel(self, cancellation: Cancellation) -> OrderProgress:
        order = cancellation.order
        reason = recordable(cancellation.reason)
        command = CancelOrder(order.order_id, reason, cancellation.cancelled_by, shortages=cancellation.shortages)
        try:
            return await self._handle(order, command)
        except (OrderNotCancellable, IllegalTransition):  # shipped or cancelled in the meantime
            return await self._current(order)

    @activity.defn(name=step.RECORD_PAYMENT.name)
    async def record_payment(self, record: PaymentRecord) -> OrderProgress:
        paid = record.payment
        command = RecordPayment(record.order.order_id, paid.payment_id, paid.amount, paid.currency)
        return await self._handle(record.order, command)

    @activity.defn(name=step.RECORD_PAYMENT_FAILURE.name)
    async def record_payment_failure(self, record: PaymentFailureRecord) -> OrderProgress:
        order, failed = record.order, record.failure
        command = RecordPaymentFailure(order.order_id, PaymentFailure(**dict(failed)))
        # The same decline again is a fact of its own after the provider has processed a payment in between.
        version = (await load_order(self._orders, order.order_id)).version
        try:
            return await self._handle(order, command, about=f"{failed.attempt}-{failed.code}-{version}")
        except IllegalTransition:  # paid or cancelled in the meantime
            return await self._current(order)

    @activity.defn(name=step.RECORD_SHIPMENT.name)
    async def record_shipment(self, record: ShipmentRecord) -> OrderProgress:
        label = record.shipment
        command = RecordShipment(record.order.order_id, label.shipment_id, label.tracking_number, label.carrier)
        return await self._handle(record.order, command)

    @activity.defn(name=step.RECORD_REFUND.name)
    async def record_refund(self, record: RefundRecord) -> OrderProgress:
        command = RecordRefund(record.order.order_id, record.refund_id, record.payment_id, record.amount, record.reason)
        return await self._handle(record.order, command)

    @activity.defn(name=step.RECORD_REQUESTED_REFUND.name)
    async def record_requested_refund(self, ref: RefundRef) -> OrderProgress:
        _, refund = requested_refund((await load_order(self._orders, ref.order_id)).state, ref)
        amount = refund.amount if ref.amount is None else ref.amount
        command = RecordRefund(ref.order_id, refund.refund_id, refund.payment_id, amount, refund.reason)
        return await self._handle(ref, command, about=refund.refund_id)

    @activity.defn(name=step.RECORD_PENDING_PAYMENT.name)
    async def record_pending_payment(self, record: PaymentRecord) -> OrderProgress:
        paid = record.payment
        assert paid.pending_until is not None
        command = RecordPendingPayment(record.order.order_id, paid.payment_id, paid.amount, paid.pending_until)
        try:
            return await self._handle(record.order, command, about=paid.payment_id)
        except IllegalTransition:  # cancelled or paid in the meantime
            return await self._current(record.order)

    @activity.defn(name=step.CLOSE_REFUND.name)
    async def close_refund(self, refused: RefundRefusal) -> OrderProgress:
        reason = recordable(refused.reason)
        command = CloseRefund(refused.order_id, refused.refund_id, RefundOutcome.REFUSED, reason)
        try:
            return await self._handle(refused, command, about=refused.refund_id)
        except RefundNotOpen:  # closed by a person in the meantime
            return await self._current(refused)

    async def _handle(self, order: OrderRef, command: Command, *, about: str | None = None) -> OrderProgress:
        info = activity.info()
        handled = await self._orders.handle(
            stream_name(order.order_id),
            command,
            command_id=derived_name(info.activity_type, order.order_id, about),
            metadata=caused_by(order, actor=info.workflow_type or info.activity_type),
        )
        assert not isinstance(handled.state, NotPlaced)
        return _progress(handled.state)

    async def _current(self, order: OrderRef) -> OrderProgress:
        return _progress((await load_order(self._orders, order.order_id)).state)


def recordable(reason: str) -> str:
    """Make a provider's reason valid for an event: its content must not prevent the cancellation."""
    return reason.replace("\x00", "").strip()[:MAX_TEXT] or "refused without a reason"


def caused_by(order: OrderRef, *, actor: str) -> dict[str, Any]:
    """Return an event's metadata: the actor, the correlation and causation ids, and the mark of a bulk order."""
    ids = {"correlationId": order.correlation_id, "causationId": order.causation_id}
    metadata = {"actor": actor, **ids, BULK: order.bulk or None}
    return {key: value for key, value in metadata.items() if value is not None}


def _progress(state: ExistingOrder) -> OrderProgress:
    order = state.order
    return OrderProgress(
        status=state.status,
        payment_state=state.payment_state,
        customer_id=order.customer_id,
        total=order.total,
        currency=order.currency,
        payment_id=state.payment.payment_id if state.payment else None,
        shipment_id=state.shipment.shipment_id if state.shipment else None,
        reason=_reason(state) if isinstance(state, Cancelled) else None,
        waits_until=state.awaited.waits_until if state.awaited else None,
    )


def _reason(state: Cancelled) -> str:
    """Return a reason without personal data: the text of a customer or operator stays in the stream."""
    if state.cancelled_by in (CancelledBy.CUSTOMER, CancelledBy.OPERATOR):
        return f"Cancelled by the {state.cancelled_by}"
    return state.reason
