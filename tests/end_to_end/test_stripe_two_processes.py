"""Two worker processes with all roles, every fault of Stripe, customers who cancel: one charge or none each."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from orders.errors import OrderNotCancellable
from tests.end_to_end.stripe_fleet import (
    CANCEL,
    CAPTURE,
    CONFIRM,
    CREATE,
    PATIENCE,
    REFUND,
    TOO_MANY,
    TOTAL,
    StripeFleet,
)
from tests.gateways.stripe_calls import Reply
from tests.gateways.stripe_proxy import StripeProxy
from tests.running_system import until
from tests.workflow.stripe_system import StripeSystem

ORDERS = 20
SEED = 20260102
FAULTS: list[tuple[str, dict[str, Any]]] = [
    (CONFIRM, {"kind": "late_effect", "remaining": 1}),
    (CREATE, {"kind": "lost_reply", "probability": 0.2}),
    (CONFIRM, {"kind": "late_effect", "probability": 0.2}),
    (CAPTURE, {"kind": "lost_reply", "probability": 0.2}),
    (REFUND, {"kind": "late_effect", "probability": 0.2}),
    (CANCEL, {"kind": "lost_reply", "probability": 0.2}),
    ("GET", {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "probability": 0.05}),
]


@asynccontextmanager
async def late_arrivals(stripe: StripeProxy) -> AsyncIterator[list[Reply]]:
    """Deliver lost calls meanwhile, and the last of them at the end; returns their answers."""
    answers: list[Reply] = []
    ended = asyncio.Event()

    async def deliver() -> None:
        while not ended.is_set():
            answers.extend(await stripe.deliver())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 0.5)

    delivering = asyncio.create_task(deliver())
    try:
        yield answers
    finally:
        ended.set()
        await delivering
    answers.extend(await stripe.deliver())


async def test_two_processes_with_all_roles_under_faults_and_cancels_charge_nothing_twice_at_stripe(
    paying: StripeFleet,
) -> None:
    system, stripe, chance = paying.system, paying.system.stripe, random.Random(SEED)
    await system.stock(TEA_1=10_000)
    for pattern, how in FAULTS:
        stripe.fail(pattern, **{"remaining": None, **how})
    await asyncio.gather(paying.start(), paying.start())
    async with late_arrivals(stripe) as answers:
        order_ids = [await system.place(**(TOO_MANY if index % 5 == 0 else {})) for index in range(ORDERS)]
        await asyncio.gather(*(cancel_sometimes(system, order_id, chance.uniform(0, 3)) for order_id in order_ids[::3]))
        for order_id in order_ids:
            await settled(system, order_id)
    assert answers
    for order_id in order_ids:
        await system.assert_paid_for_or_given_back(order_id, TOTAL)
    await system.assert_stripe_agrees(*order_ids)
    assert await paying.twice() == []


async def cancel_sometimes(system: StripeSystem, order_id: str, when: float) -> None:
    """Cancel the order, unless it has shipped by then."""
    await asyncio.sleep(when)
    with contextlib.suppress(OrderNotCancellable):
        await system.cancel(order_id)


async def settled(system: StripeSystem, order_id: str) -> None:
    async def ended() -> bool:
        state = await system.state(order_id)
        return state.status in ("shipped", "cancelled") and not await system.running(order_id)

    await until(ended, f"{order_id} is settled", PATIENCE)
