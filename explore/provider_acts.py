"""Acts at Stripe without a request of ours, and the two ways in which the system finds them: webhooks, reconciliation."""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from temporalio.service import RPCError

from application.stripe_events import StripeEventOpen, handle_stripe_event
from explore import stripe_by_hand as by_hand
from explore.stripe_stand_in import signed
from explore.system import Explored
from gateways.stripe.changed_since import changed_orders

AT_STRIPE: Final[Mapping[str, Callable[..., None]]] = {
    "refund by hand": by_hand.refund,
    "void by hand": by_hand.void,
    "capture by hand": by_hand.capture,
    "refund bounces": by_hand.bounce,
    "refunds end": by_hand.end_refunds,
    "processing ends": by_hand.end_processing,
    "customer authenticates": by_hand.authenticate,
    "dispute": by_hand.dispute,
    "disputes end": by_hand.end_disputes,
}
"""By the name of the act; each takes the books, the order's id, and the act's parameters."""


def at_stripe(what: str) -> Callable[[Explored, str, str, Mapping[str, Any], str], Awaitable[None]]:
    async def perform(system: Explored, order_id: str, sku: str, how: Mapping[str, Any], command_id: str) -> None:
        AT_STRIPE[what](system.stripe, order_id, **how)

    return perform


def end_all(system: Explored, order_id: str, dice: random.Random) -> None:
    """Have Stripe decide on all that is pending."""
    by_hand.end_processing(system.stripe, order_id, succeeds=dice.random() < 0.5)
    by_hand.end_refunds(system.stripe, order_id, succeeds=dice.random() < 0.5)


async def deliver_webhooks(system: Explored, order_id: str, *, times: int = 1, newest_first: bool = False) -> None:
    """Deliver Stripe's unacknowledged events; refused ones stay for a later delivery. An order without webhooks gets none."""
    events = system.stripe.events[order_id]
    if order_id in system.without_webhooks:
        events.clear()
    for event in list(reversed(events) if newest_first else events):
        for _ in range(times):
            if await _acknowledged(system, event) and event in events:
                events.remove(event)


async def deliver_webhooks_shuffled(system: Explored, order_id: str, dice: random.Random) -> None:
    dice.shuffle(system.stripe.events[order_id])
    await deliver_webhooks(system, order_id, times=dice.choice((1, 2)))


async def reconcile(system: Explored, order_id: str, since: datetime) -> None:
    """Compare the order as the scheduled reconciliation does, if that finds it among all changes since then."""
    app = system.app
    assert app.stripe is not None
    async for found in changed_orders(app.pool, app.stripe, since):
        if found == order_id:
            await app.reconciling().order(order_id)


async def _acknowledged(system: Explored, event: Mapping[str, Any]) -> bool:
    app = system.app
    assert app.stripe_events is not None
    try:
        await handle_stripe_event(
            app.stripe_events, app.payments, app.orders, system.client, app.settings, *signed(event)
        )
    except (StripeEventOpen, RPCError):
        return False
    return True
