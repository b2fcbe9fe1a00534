"""Cancels against shipments with payments by Stripe: the money at Stripe agrees with the order's stream."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from activities.signatures import CAPTURE_PAYMENT, CHARGE_PAYMENT, RECORD_SHIPMENT
from tests.gateways.stripe_proxy import StripeProxy
from tests.workflow.racing import PATIENCE, Beginning, races
from tests.workflow.stripe_system import StripeSystem, stripe_system

RACES = 40
UNITS = 10_000
TOTAL = 15_00


@pytest.fixture
def beginning() -> Beginning:
    return Beginning()


@pytest.fixture
async def racing(
    database_url: str, temporal_client: Client, beginning: Beginning, stripe_server: StripeProxy, capture: str
) -> AsyncIterator[StripeSystem]:
    interceptors = [beginning]
    async with stripe_system(
        database_url, temporal_client, stripe_server, interceptors=interceptors, stripe_capture=capture
    ) as running:
        await running.stock(TEA_1=UNITS)
        yield running


async def assert_honest(system: StripeSystem, order_id: str, refused: bool) -> None:
    state = await system.settled(order_id, "shipped" if refused else "cancelled", PATIENCE)
    await system.assert_paid_for_or_given_back(order_id, TOTAL)
    charged, refunded = await system.money(order_id)
    assert charged - refunded == (TOTAL if refused else 0)
    assert await system.live_labels(order_id) == int(refused)
    assert refused or state.payment_state == ("refunded" if charged else "none")
    # No intent is left that could still take money.
    assert {each["status"] for each in await system.stripe.behind.intents(order_id)} <= {"succeeded", "canceled"}


@pytest.mark.parametrize("capture", ["at-once", "with-label"])
async def test_cancels_against_shipments_leave_nothing_shipped_and_refunded_or_cancelled_and_kept_at_stripe(
    racing: StripeSystem, beginning: Beginning, capture: str
) -> None:
    steps = [CHARGE_PAYMENT.name, RECORD_SHIPMENT.name]
    if capture == "with-label":
        steps.append(CAPTURE_PAYMENT.name)
    outcomes = await races(racing, beginning, RACES, steps)
    for order_id, outcome in outcomes:
        await assert_honest(racing, order_id, refused=outcome == "refused")
    met = Counter(outcome for _, outcome in outcomes)
    # The races were races: cancels came before the charge, after it, and too late.
    assert min(met[event] for event in ("order.confirmed", "order.paid", "refused")) >= 3, met
    assert await racing.available("TEA-1") == UNITS - met["refused"]
    await racing.assert_stripe_agrees(*(order_id for order_id, _ in outcomes))
