"""The steps that move money. Ordinary activities: each call is visible, timed and retried by Temporal."""

from collections.abc import Callable
from typing import Any

import asyncpg
from opentelemetry.trace import SpanKind
from temporalio import activity

from activities import signatures as step
from activities.signatures import OrderRef, Payment, RefundRef, ReturnedPayment, Undo
from activities.streams import requested_refund, require_under_way
from eventstore.tracing import span
from gateways.older_keys import OlderKeys
from gateways.protocols import (
    Charge,
    ChargeRequest,
    IdempotencyConflict,
    KeyVoided,
    PaymentGateway,
    RefundRequest,
)
from order_streams import Orders, load_order
from orders.model import Order
from orders.names import derived_name, key_of_order, older_name
from orders.state import ExistingOrder, Shipped
from orders.state import Payment as RecordedPayment


def charge_key(order_id: str) -> str:
    """The idempotency key of an order's one charge; voiding it makes any later charge impossible."""
    return key_of_order(step.CHARGE_PAYMENT.name, order_id)


def charge_request(order: Order, *, attempt: int = 1) -> ChargeRequest:
    """The one charge of an order."""
    return ChargeRequest(
        charge_key(order.order_id),
        order.order_id,
        order.customer_id,
        order.total,
        order.currency,
        payment_method=order.payment_method,
        attempt=attempt,
        placed_at=order.placed_at,
    )


class PaymentActivities:
    """Charge and give back, at whichever gateway is configured. pool: where refunds are that were asked for before."""

    def __init__(self, orders: Orders, gateway: PaymentGateway, pool: asyncpg.Pool | None = None) -> None:
        self._orders, self._gateway = orders, gateway
        self._older_keys = OlderKeys(pool) if pool else None

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.charge_payment, self.capture_payment, self.refund_payment, self.return_payment]

    @activity.defn(name=step.CHARGE_PAYMENT.name)
    async def charge_payment(self, ref: OrderRef) -> Payment:
        """Charge the order's total. A cancelled or held order is refused, so that retries end when a person steps in; of
        one whose payment is in the stream the gateway is not asked again, whatever became of it there."""
        state = (await load_order(self._orders, ref.order_id)).state
        if state.status != "cancelled" and state.payment is not None:
            return _recorded(state, state.payment)
        require_under_way(state, "ChargePayment")
        request = charge_request(state.order, attempt=1 + state.retries)
        with span("payment.charge", SpanKind.CLIENT, order=ref.order_id):
            charge = await self._charged_before(request) or await self._gateway.charge(request)
        if charge.refunded_amount > 0:  # by a run whose end the log has lost
            raise KeyVoided(request.key)
        return _payment(charge)

    @activity.defn(name=step.CAPTURE_PAYMENT.name)
    async def capture_payment(self, ref: OrderRef) -> Payment:
        """Take the money that the charge holds, if it only holds it. Refused as the charge is when a person steps in; done
        where the order has shipped."""
        state = (await load_order(self._orders, ref.order_id)).state
        if isinstance(state, Shipped):
            return _recorded(state, state.payment)
        require_under_way(state, "CapturePayment")
        with span("payment.capture", SpanKind.CLIENT, order=ref.order_id):
            return _payment(await self._gateway.capture(charge_key(ref.order_id)))

    async def _charged_before(self, request: ChargeRequest) -> Charge | None:
        """What the gateway has under the key for good: a repeated key itself is only trusted for a day.

        Looked up at every attempt, the first included: attempts count anew in each round and in each run.
        Raises KeyVoided or IdempotencyConflict, as the charge would while the gateway still knew the key.
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
        """Give back whatever was charged, and let nothing be charged later."""
        with span("payment.void", SpanKind.CLIENT, order=undo.order.order_id):
            voided = await self._gateway.void(charge_key(undo.order.order_id), undo.reason)
        return ReturnedPayment(payment_id=voided.payment_id, refund_id=voided.refund_id, amount=voided.amount_returned)

    @activity.defn(name=step.RETURN_PAYMENT.name)
    async def return_payment(self, ref: RefundRef) -> ReturnedPayment:
        """Give back a part of a shipped order's charge, as a person asked for, once per refund id."""
        state = (await load_order(self._orders, ref.order_id)).state
        refund = requested_refund(state, ref)
        key = await self._refund_key(ref, refund.payment_id)
        request = RefundRequest(
            key, refund.payment_id, refund.amount, state.order.currency, "requested", requested_at=ref.requested_at
        )
        # Looked up first for the same reason as a charge.
        with span("payment.refund", SpanKind.CLIENT, order=ref.order_id):
            returned = await self._gateway.find_refund(key) or await self._gateway.refund(request)
        return ReturnedPayment(payment_id=returned.payment_id, refund_id=returned.refund_id, amount=returned.amount)

    async def _refund_key(self, ref: RefundRef, payment_id: str) -> str:
        named = step.RETURN_PAYMENT.name, ref.order_id, ref.refund_id
        key, older = derived_name(*named), older_name(*named)
        if key != older and self._older_keys and await self._older_keys.is_refund_of(payment_id, older):
            return older
        return key


def _recorded(state: ExistingOrder, payment: RecordedPayment) -> Payment:
    """As the stream has it, which does not know of captures: what it only says to be paid may be held yet."""
    captured = isinstance(state, Shipped)
    return Payment(
        payment_id=payment.payment_id, amount=payment.amount, currency=state.order.currency, captured=captured
    )


def _payment(charge: Charge) -> Payment:
    return Payment(
        payment_id=charge.payment_id, amount=charge.amount, currency=charge.currency, captured=charge.captured
    )
