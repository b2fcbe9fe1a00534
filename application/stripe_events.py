"""What Stripe tells by itself: it is taken down, and money that came after an order was given up is sent back."""

from typing import Final

import structlog
from temporalio.client import Client

from dispatcher.older_ids import id_in_use, is_running
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS
from gateways.errors import GatewayError
from gateways.stripe.events import InvalidStripeEvent, StripeEvents
from order_streams import Orders, load_events
from orders.events import OrderRetried
from temporal import require_answer
from workflows.model import FULFILL_ORDER

__all__ = ["InvalidStripeEvent", "StripeEventOpen", "take_stripe_event"]
_UNDOES: Final = next(
    each for each in TRIGGERS if each.event_type == OrderRetried.event_type and each.status == "cancelled"
)
_log = structlog.get_logger(__name__)


class StripeEventOpen(Exception):
    """What the event asks for is not done yet: Stripe is to deliver it again."""


async def take_stripe_event(
    events: StripeEvents, orders: Orders, client: Client, task_queue: str, body: bytes, signature: str | None
) -> None:
    """Once this returns, Stripe need not deliver the event again.

    Raises InvalidStripeEvent, StripeEventOpen, TemporalUnreachable, RPCError, and what the database's driver raises.
    """
    event = await events.read(body, signature)
    if event is None:
        return
    try:
        order_id = await events.record(event)
    except GatewayError as error:
        _log.warning("Stripe cannot be asked about its event", error=str(error), eventType=event.type)
        raise StripeEventOpen("Stripe does not tell how the payment stands") from None
    if order_id is not None:
        _log.warning("a payment came after its order was given up", orderId=order_id, eventType=event.type)
        await _have_undone(orders, client, task_queue, order_id)
        await events.mark_handled(event)


async def _have_undone(orders: Orders, client: Client, task_queue: str, order_id: str) -> None:
    """Start the workflow that gives back what is there. Raises StripeEventOpen where one runs already: it may have
    looked at the payment before there was any, so that only the next delivery tells whether it has given it back."""
    await require_answer(client)
    if await is_running(client, await id_in_use(client, FULFILL_ORDER, order_id)):
        raise StripeEventOpen("the order is being undone")
    recorded, last = (await load_events(orders, order_id))[-1]
    await WorkflowStarter(client, task_queue).start(_UNDOES, last, recorded)
