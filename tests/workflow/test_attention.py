"""Steps and compensations that keep failing: visible, retried without end, and completed when the gateway is back."""

import re
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from tests.running_system import RunningSystem, running_system, until
from tests.workflow.steering import Steering
from workflows.model import NEEDS_ATTENTION

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
async def skipping(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    """Running system in virtual time: an hour of backoff takes no real time."""
    client = TimeSkipper(temporal_client).client
    async with running_system(database_url, client, interceptors=[steering], shipping_unavailable_above=100) as running:
        await running.stock(TEA_1=500)
        yield running


async def needs_attention(system: RunningSystem, order_id: str) -> bool:
    description = await system.workflow("fulfill-order", order_id).describe()
    return description.typed_search_attributes.get(NEEDS_ATTENTION) is True


async def test_a_compensation_that_fails_for_hours_is_seen_and_then_finishes_by_itself(
    skipping: RunningSystem, steering: Steering
) -> None:
    steering.refuse("refund-payment", "no answer")  # even a definite refusal does not end a compensation
    order_id = await skipping.place(quantity=101, unit_price=1)
    handle = skipping.workflow("fulfill-order", order_id)

    async def tried_for_an_hour() -> bool:
        running = "fulfill-order" in await skipping.running(order_id)
        attention = await handle.query("attention") if running else None
        return attention is not None and attention["rounds"] >= 10  # after nine pauses of 10, 20, 40 … s

    await until(tried_for_an_hour, "rounds of attempts over more than an hour of virtual time")
    attention = await handle.query("attention")
    assert (attention["step"], attention["error"]) == ("refund-payment", "no answer")
    details = await skipping.current_details(order_id)
    assert re.search(
        rf"\*\*refund-payment keeps failing\*\* since {TIME}: \d+ rounds of attempts, the next at {TIME}\. "
        "Last error: no answer",
        details,
    ), details
    assert await needs_attention(skipping, order_id)
    assert (await skipping.state(order_id)).status == "cancelled"
    assert (await skipping.state(order_id)).payment_state == "paid"

    steering.refused.clear()
    await skipping.settled(order_id, "cancelled")
    assert await skipping.money(order_id) == (101, 101)
    assert (await skipping.state(order_id)).payment_state == "refunded"
    assert not await needs_attention(skipping, order_id)


async def test_a_gateway_that_is_down_for_hours_delays_the_order_and_loses_nothing(
    skipping: RunningSystem, steering: Steering
) -> None:
    steering.failing.add("charge-payment")
    order_id = await skipping.place()

    async def seen() -> bool:
        running = "fulfill-order" in await skipping.running(order_id)
        return running and await needs_attention(skipping, order_id)

    await until(seen, "the order needs attention")
    steering.failing.clear()
    await skipping.settled(order_id, "shipped")
    assert await skipping.money(order_id) == (30_00, 0)
    assert not await needs_attention(skipping, order_id)
