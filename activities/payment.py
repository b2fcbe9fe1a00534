"""Activities that move money. Ordinary activities: Temporal shows, times and retries each call."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from opentelemetry.trace import SpanKind
from temporalio import activity

from activities import signatures as step
from activities.adjusting import Adjusting
from activities.guards import requested_refund, require_active
from activities.payment_attempts import awaited
from activities.signatures import ChargeRef, OrderRef, Payment, RefundRef, ReturnedPayment, Undo
from eventstore.tracing import span
from gateways.errors import (
    AuthorisationExpired,
    GatewayUnavailable,
    IdempotencyConflict,
    KeyVoided,
    PaymentDeclined,
)
from gateways.legacy_refund_keys import LegacyRefundKeys
from gateways.payments import Charge, ChargeRequest, PaymentGateway, RefundRequest, TakesPayments
from order_streams import Orders, load_order
from orders.model import Order
from orders.names import charge_key, derived_name, older_name
from orders.records import Payment as RecordedPayment
from orders.records import Refund
from orders.state import Cancelled, Confirmed, ExistingOrder, Shipped


def charge_request(
    order: Order, *, attempt: int = 1, payment_method: str | None = None, waits: bool = False
) -> ChargeRequest:
    """Build the request of an order's only charge. payment_method: instead of the one that the order was placed with."""
    return ChargeRequest(
        charge_key(order.order_id),
        order.order_id,
        order.customer_id,
        order.total,
        order.currency,
        payment_method=payment_method or order.payment_method,
        attempt=attempt,
        placed_at=order.placed_at,
        waits=waits,
    )


class PaymentActivities:
    """Charges and refunds at the selected gateway. pool: to look up refunds under legacy keys. deadline: how long an order
    waits after a decline; None: it does not wait."""

    def __init__(
        self,
        orders: Orders,
        gateway: PaymentGateway,
        pool: asyncpg.Pool | None = None,
        *,
        deadline: timedelta | None = None,
    ) -> None:
        self._orders, self._gateway, self._deadline = orders, gateway, deadline
        self._adjusting = Adjusting(orders, gateway)
        self._legacy_keys = LegacyRefundKeys(pool) if pool else None

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.charge_payment, self.capture_payment, self.refund_payment, self.return_payment]

    @activity.defn(name=step.CHARGE_PAYMENT.name)
    async def charge_payment(self, ref: ChargeRef) -> Payment:
        """Charge the order's total. Refuses a cancelled or held order; returns a payment that the stream has recorded without
        a call to the gateway. Looks at a pending charge again, and at a declined one: its customer may have completed it."""
        state = (await load_order(self._orders, ref.order_id)).state
        if state.status != "cancelled" and state.payment is not None:
            return _recorded(state, state.payment)
        require_active(state, "ChargePayment")
        attempt = state.attempt if isinstance(state, Confirmed) else 1 + state.retries
        waits = self._deadline is not None
        request = charge_request(state.order, attempt=attempt, payment_method=state.payment_method, waits=waits)
        with span("payment.charge", SpanKind.CLIENT, order=ref.order_id):
            charge = await self._existing_charge(request) or await self._charge(request)
        if charge.refunded_amount > 0:  # by a run whose last events were lost
            raise KeyVoided(request.key)
        if charge.pending_until is not None:
            _require_patience(ref.accepts_pending)
        return _payment(charge)

    @activity.defn(name=step.CAPTURE_PAYMENT.name)
    async def capture_payment(self, ref: OrderRef) -> Payment:
        """Capture an authorised charge. Refuses a cancelled or held order; has no effect for a shipped order.

        A payment that was changed at the provider is recorded and holds the order; once a person releases the order, it
        ships with the payment as it is.
        """
        state = (await load_order(self._orders, ref.order_id)).state
        if isinstance(state, Shipped):
            return _recorded(state, state.payment)
        require_active(state, "CapturePayment")
        try:
            with span("payment.capture", SpanKind.CLIENT, order=ref.order_id):
                charge = await self._gateway.capture(charge_key(ref.order_id))
        except AuthorisationExpired:
            state = await self._adjusted(ref)
            if state.payment is None or all(each.action != "released" for each in state.adjustments):
                raise
            return _recorded(state, state.payment)
        if charge.refunded_amount > 0:
            await self._adjusted(ref)
        return _payment(charge)

    async def _adjusted(self, ref: OrderRef) -> ExistingOrder:
        """Record the changes of the payment. Refuses the order if they hold it."""
        state, _ = await self._adjusting.adjust(ref.order_id)
        require_active(state, "CapturePayment")
        return state

    async def _charge(self, request: ChargeRequest) -> Charge:
        """Charge at the gateway. Raises PaymentAwaited where the order waits after a decline."""
        try:
            return await self._gateway.charge(request)
        except PaymentDeclined as declined:
            if self._deadline is None:
                raise
            raise awaited(declined, request.attempt, self._deadline) from None

    async def _existing_charge(self, request: ChargeRequest) -> Charge | None:
        """Return the charge that the gateway has under the key: providers store idempotency keys for a day only.

        Looked up at every attempt, the first included: the count starts again in each round and run. Raises KeyVoided or
        IdempotencyConflict, as a charge would while the provider stores the key.
        """
        found = await self._gateway.find(request.key)
        if found is None:
            return None
        if found.refunded_amount > 0:
            raise KeyVoided(request.key)
        if (found.amount, found.currency) != (request.amount, request.currency):
            raise IdempotencyConflict(request.key)
        return found

    @activity.defn(name=step.REFUND_PAYMENT.name)
    async def refund_payment(self, undo: Undo) -> ReturnedPayment:
        """Refund the charge, also one that the customer made at checkout, and refuse any later charge. No effect where a person
        has settled the refund elsewhere."""
        state = (await load_order(self._orders, undo.order.order_id)).state
        if isinstance(state, Cancelled) and state.is_settled:
            return ReturnedPayment(closed=True)
        if isinstance(self._gateway, TakesPayments):
            await self._gateway.claim(charge_request(state.order, payment_method=state.payment_method))
        with span("payment.void", SpanKind.CLIENT, order=undo.order.order_id):
            voided = await self._gateway.void(charge_key(undo.order.order_id), undo.reason)
        if voided.pending:
            _require_patience(undo.accepts_pending)
        elif voided.payment_id is not None and voided.amount_returned < state.order.total:
            # A part was not captured, or a dispute was lost.
            await self._adjusting.adjust(undo.order.order_id)
        return ReturnedPayment(
            payment_id=voided.payment_id,
            refund_id=voided.refund_id,
            amount=voided.amount_returned,
            pending=voided.pending,
        )

    @activity.defn(name=step.RETURN_PAYMENT.name)
    async def return_payment(self, ref: RefundRef) -> ReturnedPayment:
        """Refund a part of a shipped order's charge as requested, once per refund id. No effect where the refund is closed."""
        state, refund = requested_refund((await load_order(self._orders, ref.order_id)).state, ref)
        if refund not in state.owed and state.made(refund.refund_id) is None and ref.accepts_pending:
            return ReturnedPayment(payment_id=refund.payment_id, closed=True)
        key = await refund_key(self._legacy_keys, ref.order_id, refund)
        request = refund_request(key, state.order, refund, ref.requested_at)
        # Look the refund up first, as a charge.
        with span("payment.refund", SpanKind.CLIENT, order=ref.order_id):
            returned = await self._gateway.find_refund(key) or await self._gateway.refund(request)
        if returned.pending:
            _require_patience(ref.accepts_pending)
        return ReturnedPayment(
            payment_id=returned.payment_id,
            refund_id=returned.refund_id,
            amount=returned.amount,
            pending=returned.pending,
        )


async def refund_key(legacy_keys: LegacyRefundKeys | None, order_id: str, refund: Refund) -> str:
    named = step.RETURN_PAYMENT.name, order_id, refund.refund_id
    key, older = derived_name(*named), older_name(*named)
    if key != older and legacy_keys and await legacy_keys.is_refund_of(refund.payment_id, older):
        return older
    return key


def refund_request(key: str, order: Order, refund: Refund, requested_at: datetime | None) -> RefundRequest:
    return RefundRequest(key, refund.payment_id, refund.amount, order.currency, "requested", requested_at=requested_at)


def _require_patience(accepts_pending: bool) -> None:
    if not accepts_pending:
        raise GatewayUnavailable("the payment provider has not decided yet")


def _recorded(state: ExistingOrder, payment: RecordedPayment) -> Payment:
    """Return the recorded payment. The stream has no captures: until the order ships, it may be an authorisation."""
    captured = isinstance(state, Shipped)
    return Payment(
        payment_id=payment.payment_id, amount=payment.amount, currency=state.order.currency, captured=captured
    )


def _payment(charge: Charge) -> Payment:
    return Payment(
        payment_id=charge.payment_id,
        amount=charge.amount,
        currency=charge.currency,
        captured=charge.captured,
        pending_until=charge.pending_until,
    )
