"""Calls to Stripe with unknown outcomes: one charge or none, and the money at Stripe agrees with the stream."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

import workflows.steps
from orders.interventions import RequestRefund
from orders.state import Shipped
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.running_system import new_id, until
from tests.workflow.steering import Steering
from tests.workflow.stripe_system import StripeSystem, stripe_system
from workflows.model import REFUND_ORDER

TIMEOUT = timedelta(seconds=2)
CHARGED, RETURNED = Money(charges=1, charged=30_00), Money(1, 30_00, 1, 30_00)
Drive = Callable[[StripeSystem, Steering], Awaitable[str]]
OUTCOMES: list[dict[str, Any]] = [
    {"kind": "lost_request"},
    {"kind": "lost_reply"},
    {"kind": "late_effect"},
    {"kind": "hang"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "effect": True},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
]


@pytest.fixture(params=["at-once", "with-label"])
def capture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, steering: Steering, stripe_server: StripeProxy, capture: str
) -> AsyncIterator[StripeSystem]:
    """System with ten of TEA-1 in stock."""
    async with stripe_system(
        database_url,
        temporal_client,
        stripe_server,
        interceptors=[steering],
        stripe_capture=capture,
    ) as running:
        await running.stock(TEA_1=10)
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time-outs of gateway steps: the sandbox passes our own modules through as patched by the test."""
    monkeypatch.setattr(workflows.steps, "GATEWAY_TIMEOUT", TIMEOUT)


async def shipped(system: StripeSystem, steering: Steering) -> str:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert await system.at_stripe(order_id) == CHARGED
    assert await system.money(order_id) == (30_00, 0)
    return order_id


async def undone(system: StripeSystem, steering: Steering) -> str:
    """Order that was charged and labelled, then refused for good and undone."""
    steering.refuse("record-shipment")
    order_id = await system.place()
    await system.settled(order_id, "cancelled")
    assert await system.at_stripe(order_id) == RETURNED
    assert (await system.state(order_id)).payment_state == "refunded"
    return order_id


async def not_shippable(system: StripeSystem, steering: Steering) -> str:
    steering.refuse("create-shipment")
    order_id = await system.place()
    await system.settled(order_id, "cancelled")
    held_only = system.app.settings.stripe_capture == "with-label"
    assert await system.at_stripe(order_id) == (Money() if held_only else RETURNED)
    assert (await system.state(order_id)).payment_state == "refunded"
    return order_id


async def partly_refunded(system: StripeSystem, steering: Steering) -> str:
    order_id, refund_id = await shipped(system, steering), new_id()
    await system.handle(order_id, RequestRefund(order_id, refund_id, 10_00, "it arrived late"))
    await system.dispatched_all()
    await system.client.get_workflow_handle(f"{REFUND_ORDER}-{order_id}/{refund_id}").result()
    state = await system.state(order_id)
    assert isinstance(state, Shipped)
    assert [refund.amount for refund in state.refunds] == [10_00]
    assert await system.at_stripe(order_id) == Money(1, 30_00, 1, 10_00)
    return order_id


CALLS: list[tuple[str, Drive, tuple[str, ...]]] = [
    ("POST /v1/payment_intents$", shipped, ("at-once", "with-label")),
    ("confirm", shipped, ("at-once", "with-label")),
    ("capture", shipped, ("with-label",)),
    ("POST /v1/refunds", undone, ("at-once",)),
    ("cancel", not_shippable, ("with-label",)),
    ("POST /v1/refunds", partly_refunded, ("at-once",)),
]
CASES = [(call, drive, when) for call, drive, whens in CALLS for when in whens]


@pytest.mark.parametrize(
    "outcome", OUTCOMES, ids=lambda how: f"{how.get('status', how['kind'])}{'-after' if how.get('effect') else ''}"
)
@pytest.mark.parametrize(
    ("call", "drive", "capture"), CASES, ids=[f"{c}-{d.__name__}-{w}" for c, d, w in CASES], indirect=["capture"]
)
@pytest.mark.usefixtures("impatient")
async def test_a_call_whose_outcome_is_unknown_is_repeated_and_takes_effect_once(
    system: StripeSystem, steering: Steering, call: str, drive: Drive, outcome: dict[str, Any]
) -> None:
    system.stripe.fail(call, **outcome)
    order_id = await drive(system, steering)
    assert system.stripe.faults_left == 0
    before = await system.at_stripe(order_id)
    assert len(await system.stripe.deliver()) == (outcome["kind"] == "late_effect")
    assert await system.at_stripe(order_id) == before
    await system.assert_stripe_agrees(order_id)


@pytest.mark.parametrize("call", ["POST /v1/payment_intents$", "confirm"])
async def test_an_effect_that_arrives_after_its_compensation_takes_nothing(system: StripeSystem, call: str) -> None:
    system.stripe.fail(call, "late_effect", remaining=None)
    order_id = await system.place()
    await system.step_is_failing(order_id, "charge-payment")
    await system.cancel(order_id)
    await system.settled(order_id, "cancelled")
    assert await system.stripe.deliver()
    assert await system.at_stripe(order_id) == Money()
    await system.assert_stripe_agrees(order_id)


async def test_a_confirmation_that_arrives_between_a_cancel_and_its_compensation_is_undone(
    system: StripeSystem, steering: Steering, capture: str
) -> None:
    system.stripe.fail("confirm", "late_effect", remaining=None)
    held = steering.hold_before("refund-payment")
    order_id = await system.place()
    await system.step_is_failing(order_id, "charge-payment")
    await system.cancel(order_id)
    await held.reached.wait()
    await system.stripe.deliver()
    taken = await system.at_stripe(order_id)
    assert taken == (CHARGED if capture == "at-once" else Money(held=30_00))
    held.release.set()
    await system.settled(order_id, "cancelled")
    assert await system.at_stripe(order_id) == (RETURNED if capture == "at-once" else Money())
    await system.assert_stripe_agrees(order_id)


@pytest.mark.parametrize("call", ["POST /v1/payment_intents$", "confirm"])
async def test_a_charge_is_taken_once_where_stripe_has_forgotten_every_key(system: StripeSystem, call: str) -> None:
    system.stripe.forgetful = True
    system.stripe.fail(call, "lost_reply")
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert await system.at_stripe(order_id) == CHARGED
    await system.assert_stripe_agrees(order_id)


@pytest.mark.parametrize(
    ("capture", "drive"), [("at-once", undone), ("at-once", partly_refunded)], indirect=["capture"]
)
async def test_money_goes_back_once_where_stripe_has_forgotten_every_key(
    system: StripeSystem, steering: Steering, drive: Drive
) -> None:
    system.stripe.forgetful = True
    system.stripe.fail("POST /v1/refunds", "lost_reply")
    order_id = await drive(system, steering)
    assert system.stripe.faults_left == 0
    await system.assert_stripe_agrees(order_id)


async def test_a_declined_card_cancels_the_order_in_stripes_words_and_nothing_is_taken(system: StripeSystem) -> None:
    order_id = await system.place(paymentMethod="pm_card_chargeCustomerFail")
    state = await system.settled(order_id, "cancelled")
    assert "Your card was declined." in str(state)
    assert await system.at_stripe(order_id) == Money()
    statuses = [each["status"] for each in await system.stripe.behind.intents(order_id)]
    assert statuses == ["canceled"]
    await system.assert_stripe_agrees(order_id)


@pytest.mark.usefixtures("impatient")
async def test_a_key_that_stripe_refuses_needs_attention_and_cancels_nothing(
    system: StripeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.stripe.fail("POST", "status", remaining=None, status=401, error={"type": "invalid_request_error"})
    order_id = await system.place()
    await system.needs_attention(order_id)
    assert (await system.state(order_id)).status == "confirmed"
    assert "refuses the API key" in await system.current_details(order_id)
    system.stripe.faults.clear()
    await system.settled(order_id, "shipped")
    assert await system.at_stripe(order_id) == CHARGED


async def test_money_that_stripe_does_not_give_back_at_first_needs_attention_and_goes_back_once_it_does(
    database_url: str, temporal_client: Client, steering: Steering, stripe_server: StripeProxy, capture: str
) -> None:
    client = TimeSkipper(temporal_client).client
    steering.refuse("create-shipment")
    down = stripe_server.fail("refunds|cancel", "status", remaining=None, status=503)
    async with stripe_system(
        database_url, client, stripe_server, interceptors=[steering], stripe_capture=capture
    ) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.needs_attention(order_id)
        handle = system.workflow("fulfill-order", order_id)

        async def tried_again() -> bool:
            return bool((await handle.query("attention"))["rounds"] >= 2)

        await until(tried_again, "refund-payment has failed for a second round", seconds=90)
        assert (await handle.query("attention"))["error"] == "Stripe answers HTTP 503"
        assert await system.at_stripe(order_id) == (CHARGED if capture == "at-once" else Money(held=30_00))
        down.remaining = 0
        await system.settled(order_id, "cancelled", seconds=90)
        assert await system.at_stripe(order_id) == (RETURNED if capture == "at-once" else Money())
        await system.assert_stripe_agrees(order_id)
