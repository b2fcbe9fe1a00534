"""Refunds in Stripe's dashboard while the order's own refund fails: orders end, and no amount is refunded twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from orders.interventions import RequestRefund
from orders.state import Shipped
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_calls import Fault
from tests.gateways.stripe_proxy import StripeProxy
from tests.running_system import new_id, until
from tests.workflow.steering import Steering
from tests.workflow.stripe_system import StripeSystem, stripe_system
from workflows.model import REFUND_ORDER

PATIENCE = 120.0  # seconds
REFUND = "POST /v1/refunds"


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, steering: Steering, stripe_server: StripeProxy
) -> AsyncIterator[StripeSystem]:
    async with stripe_system(database_url, temporal_client, stripe_server, interceptors=[steering]) as running:
        await running.stock(TEA_1=10)
        yield running


async def refused_for_a_while(system: StripeSystem) -> Fault:
    return system.stripe.fail(REFUND, "status", remaining=None, status=500)


async def tried(system: StripeSystem) -> None:
    async def called() -> bool:
        return bool(system.stripe.called(REFUND))

    await until(called, "a refund is requested from Stripe", PATIENCE)


async def by_hand(system: StripeSystem, order_id: str, amount: int) -> None:
    [intent] = await system.stripe.behind.intents(order_id)
    await system.stripe.behind.ask("POST", "/v1/refunds", payment_intent=intent["id"], amount=amount)


async def next_second() -> None:
    """Wait for the next second: Stripe's times are whole seconds, so that later changes have later times."""
    now = datetime.now(UTC).replace(microsecond=0)

    async def later() -> bool:
        return datetime.now(UTC).replace(microsecond=0) > now

    await until(later, "the next second has begun", PATIENCE)


async def shipped(system: StripeSystem) -> str:
    order_id = await system.place()
    await system.settled(order_id, "shipped", PATIENCE)
    return order_id


async def requested(system: StripeSystem, order_id: str, amount: int) -> str:
    refund_id = new_id()
    await system.handle(order_id, RequestRefund(order_id, refund_id, amount, "it arrived late"))
    await system.dispatched_all()
    return refund_id


async def recorded(system: StripeSystem, order_id: str, refund_id: str) -> int:
    await system.client.get_workflow_handle(f"{REFUND_ORDER}-{order_id}/{refund_id}").result()
    state = await system.state(order_id)
    assert isinstance(state, Shipped)
    made = state.made(refund_id)
    assert made is not None
    return made.amount


@pytest.mark.parametrize(("given", "refunds"), [(10_00, 2), (30_00, 1)])
async def test_money_given_back_by_hand_while_undoing_fails_leaves_the_rest_of_it_to_the_undoing(
    system: StripeSystem, steering: Steering, given: int, refunds: int
) -> None:
    down = await refused_for_a_while(system)
    steering.refuse("record-shipment")
    order_id = await system.place()
    await tried(system)
    await by_hand(system, order_id, given)
    down.remaining = 0
    state = await system.settled(order_id, "cancelled", PATIENCE)
    assert await system.at_stripe(order_id) == Money(1, 30_00, refunds, 30_00)
    assert state.payment_state == "refunded"
    assert state.refund is not None
    assert state.refund.amount == 30_00
    await system.assert_stripe_agrees(order_id)


async def test_a_requested_refund_that_a_person_makes_meanwhile_is_recorded_and_not_made_again(
    system: StripeSystem,
) -> None:
    order_id = await shipped(system)
    down = await refused_for_a_while(system)
    refund_id = await requested(system, order_id, 7_00)
    await tried(system)
    await by_hand(system, order_id, 7_00)
    down.remaining = 0
    assert await recorded(system, order_id, refund_id) == 7_00
    assert await system.at_stripe(order_id) == Money(1, 30_00, 1, 7_00)
    await system.assert_stripe_agrees(order_id)


@pytest.mark.parametrize(("given", "back"), [(25_00, 5_00), (30_00, 0)])
async def test_a_requested_refund_gives_what_is_left_at_stripe_and_records_that(
    system: StripeSystem, given: int, back: int
) -> None:
    order_id = await shipped(system)
    await by_hand(system, order_id, given)
    await next_second()
    await next_second()
    refund_id = await requested(system, order_id, 10_00)
    assert await recorded(system, order_id, refund_id) == back
    assert (await system.at_stripe(order_id)).refunded == 30_00
