"""Stripe's webhooks: each event is recorded, changes by hand enter the order's stream, and payments that arrive after the
order was cancelled are refunded."""

from typing import Final

import structlog
from temporalio.client import Client

from activities.adjusting import Adjusting
from application.paying import wake_if_waiting
from dispatcher.older_ids import id_in_use, is_running
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS
from gateways.errors import GatewayError
from gateways.payments import PaymentGateway
from gateways.stripe.events import PAYMENT_EVENTS, InvalidStripeEvent, StripeEvent, StripeEvents
from order_streams import Orders, load_events
from orders.errors import OrderNotFound
from orders.events import OrderRetried
from settings import Settings
from temporal import require_answer
from workflows.model import FULFILL_ORDER

__all__ = ["InvalidStripeEvent", "StripeEventOpen", "handle_stripe_event"]
_UNDOES: Final = next(
    each for each in TRIGGERS if each.event_type == OrderRetried.event_type and each.status == "cancelled"
)
_log = structlog.get_logger(__name__)


class StripeEventOpen(Exception):
    """The event is not handled yet: Stripe is to deliver it again."""


async def handle_stripe_event(
    events: StripeEvents,
    payments: PaymentGateway,
    orders: Orders,
    client: Client,
    settings: Settings,
    body: bytes,
    signature: str | None,
) -> None:
    """Handle the event. Once this returns, Stripe need not deliver it again.

    Raises InvalidStripeEvent, StripeEventOpen, TemporalUnreachable, RPCError, and the database driver's errors.
    """
    event = await events.read(body, signature)
    if event is None:
        return
    try:
        order_id = await events.record(event)
        if event.may_change_the_order:
            await _adjust(events, Adjusting(orders, payments), event)
    except GatewayError as error:
        _log.warning("Stripe cannot be asked about its event", error=str(error), eventType=event.type)
        raise StripeEventOpen("the state of the payment at Stripe is unknown") from None
    if order_id is not None:
        _log.warning("a payment came after its order was given up", orderId=order_id, eventType=event.type)
        await _start_undoing(orders, client, settings, order_id)
    if order_id is not None or event.may_change_the_order:
        await events.mark_handled(event)
    if order_id is None and event.type in PAYMENT_EVENTS and (waiting := await events.order_of(event)) is not None:
        await wake_if_waiting(orders, client, waiting)


async def _adjust(events: StripeEvents, adjusting: Adjusting, event: StripeEvent) -> None:
    """Compare the payment at Stripe with the order: the event may be late or repeated, and others may have overtaken it."""
    order_id = await events.order_of(event)
    if order_id is None or await events.is_handled(event):
        return
    try:
        _, recorded = await adjusting.adjust(order_id)
    except OrderNotFound:
        _log.warning("Stripe has a payment of an order that the log has not", orderId=order_id, eventType=event.type)
        return
    for each in recorded:
        _log.warning("a payment was changed at Stripe", orderId=order_id, action=each.action, reference=each.reference)


async def _start_undoing(orders: Orders, client: Client, settings: Settings, order_id: str) -> None:
    """Start the workflow that refunds the payment. Raises StripeEventOpen if one is running: it may have read the payment
    before the money arrived, so the event stays open until its next delivery."""
    await require_answer(client)
    if await is_running(client, await id_in_use(client, FULFILL_ORDER, order_id)):
        raise StripeEventOpen("the order is being undone")
    recorded, last = (await load_events(orders, order_id))[-1]
    await WorkflowStarter(client, settings).start(_UNDOES, last, recorded)
