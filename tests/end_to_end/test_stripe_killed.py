"""Workers killed during a call to Stripe: one charge or none, and one refund, by Stripe's own books."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from gateways.stripe.api import TIMEOUT
from orders.interventions import RequestRefund
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
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_calls import Call
from tests.running_system import new_id
from workflows.model import REFUND_ORDER

Kind = Literal["held", "hang"]
NOTHING, HELD, TAKEN, RETURNED = Money(), Money(held=TOTAL), Money(1, TOTAL), Money(1, TOTAL, 1, TOTAL)
IN_PART = Money(1, TOTAL, 1, 10_00)


@dataclass(frozen=True)
class Stop:
    """Call during which the worker is killed. before, after: the money without its effect and with it. end: at the end."""

    call: str
    before: Money
    after: Money
    end: Money
    order: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return "cancelled" if self.order else "shipped"


STOPS = {
    "at-once": [
        Stop(CREATE, NOTHING, NOTHING, TAKEN),
        Stop(CONFIRM, NOTHING, TAKEN, TAKEN),
        Stop(REFUND, TAKEN, RETURNED, RETURNED, TOO_MANY),
    ],
    "with-label": [
        Stop(CREATE, NOTHING, NOTHING, TAKEN),
        Stop(CONFIRM, NOTHING, HELD, TAKEN),
        Stop(CAPTURE, HELD, TAKEN, TAKEN),
        Stop(CANCEL, HELD, NOTHING, NOTHING, TOO_MANY),
    ],
}


@pytest.mark.parametrize("kind", ["held", "hang"])
async def test_a_worker_killed_in_the_middle_of_a_call_to_stripe_takes_holds_and_gives_back_once(
    paying: StripeFleet, kind: Kind
) -> None:
    system, stripe, done = paying.system, paying.system.stripe, kind == "held"
    worker = await paying.start()
    asked_back, refund_id = await system.place(), new_id()
    await system.settled(asked_back, "shipped", PATIENCE)
    stopped: dict[str, Stop] = {}
    late: list[Call] = []
    begun = time.monotonic()
    for stop in STOPS[paying.capture]:
        fault = stripe.fail(stop.call, kind)
        stopped[order_id := await system.place(**stop.order)] = stop
        late.append(await paying.met(fault))
    fault = stripe.fail(CONFIRM, kind)
    given_up = await system.place()
    late.append(await paying.met(fault))
    fault = stripe.fail(REFUND, kind)
    await system.handle(asked_back, RequestRefund(asked_back, refund_id, 10_00, "it arrived late"))
    late.append(await paying.met(fault))
    await worker.kill()
    assert time.monotonic() - begun < TIMEOUT, "this machine is too slow: calls were given up before the kill"

    for order_id, stop in stopped.items():
        assert await system.at_stripe(order_id) == (stop.after if done else stop.before), stop
    confirmed = TAKEN if paying.capture == "at-once" else HELD
    assert await system.at_stripe(given_up) == (confirmed if done else NOTHING)
    assert await system.at_stripe(asked_back) == (IN_PART if done else TAKEN)
    await system.cancel(given_up)

    if done:  # and the effect is found although it is old
        stripe.forget()
    await paying.start()
    for order_id, stop in stopped.items():
        await system.settled(order_id, stop.status, PATIENCE)
        assert await system.at_stripe(order_id) == stop.end, stop
    await system.settled(given_up, "cancelled", PATIENCE)
    assert await system.at_stripe(given_up) == (RETURNED if done and paying.capture == "at-once" else NOTHING)
    async with asyncio.timeout(PATIENCE):
        await system.client.get_workflow_handle(f"{REFUND_ORDER}-{asked_back}/{refund_id}").result()
    assert await system.at_stripe(asked_back) == IN_PART
    assert (await system.events(asked_back)).count("order.refunded") == 1

    # The dead worker's request may still be in transit.
    before = await stripe.behind.money()
    stripe.late += [] if done else late
    assert len(await stripe.deliver()) == (0 if done else len(late))
    assert await stripe.behind.money() == before
    await system.assert_stripe_agrees(asked_back, given_up, *stopped)
    assert await paying.twice() == []
