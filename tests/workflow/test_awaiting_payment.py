"""Orders that wait after a decline: for another means of payment, until a deadline."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from orders.interventions import HoldOrder, ReleaseOrder
from orders.payment_attempts import GivePaymentMethod
from orders.state import Cancelled, Confirmed
from tests.replay.payment_paths import accept_everything, waits
from tests.running_system import RunningSystem, running_system, until
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering

DECLINED = 90_00
DEADLINE = timedelta(days=3)


@pytest.fixture
async def waiting(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    """System that declines above 100.00, and lets such orders wait for three days."""
    async with running_system(
        database_url,
        temporal_client,
        interceptors=[steering],
        payment_decline_above=100_00,
        payment_deadline=DEADLINE,
    ) as running:
        await running.stock(TEA_1=10)
        yield running


async def declined(system: RunningSystem) -> str:
    """Order whose charge was declined, and that waits on its timer."""
    order_id = await system.place(unit_price=DECLINED)
    await waits(system, order_id, 1)
    return order_id


async def test_a_declined_order_waits_without_an_alarm_and_ships_with_another_means_of_payment(
    waiting: RunningSystem,
) -> None:
    before = datetime.now(UTC)
    order_id = await declined(waiting)
    state = await waiting.state(order_id)
    assert isinstance(state, Confirmed)
    assert state.awaited is not None
    assert state.awaited.code == "amount_above_limit"
    assert before + DEADLINE <= state.awaited.waits_until <= datetime.now(UTC) + DEADLINE
    assert not await waiting.is_marked(order_id)
    accept_everything(waiting)
    await waiting.handle(order_id, GivePaymentMethod(order_id, "pm_2"))
    await waiting.settled(order_id, "shipped")
    assert await waiting.money(order_id) == (180_00, 0)
    assert await waiting.events(order_id) == [
        "order.placed",
        "order.confirmed",
        "order.payment_failed",
        "order.payment_method_given",
        "order.paid",
        "order.shipped",
    ]
    await assert_the_books_hold(waiting)


async def test_several_declines_in_a_row_are_recorded_once_each_with_the_first_deadline(waiting: RunningSystem) -> None:
    order_id = await declined(waiting)
    first = (await waiting.state(order_id)).awaited
    for attempt in (2, 3):
        await waiting.handle(order_id, GivePaymentMethod(order_id, f"pm_{attempt}"))
        await waits(waiting, order_id, attempt)
    last = (await waiting.state(order_id)).awaited
    assert first is not None
    assert last is not None
    assert last.waits_until == first.waits_until
    assert (await waiting.events(order_id)).count("order.payment_failed") == 3


async def test_a_run_that_takes_over_waits_for_the_same_deadline(waiting: RunningSystem) -> None:
    order_id = await declined(waiting)
    first = (await waiting.state(order_id)).awaited
    await waiting.workflow("fulfill-order", order_id).terminate("lost")
    await waiting.start("fulfill-order", order_id)
    await waits(waiting, order_id, 1)
    assert (await waiting.state(order_id)).awaited == first
    assert (await waiting.events(order_id)).count("order.payment_failed") == 1


async def test_a_waiting_order_is_cancelled_by_a_person_at_once(waiting: RunningSystem) -> None:
    order_id = await declined(waiting)
    await waiting.cancel(order_id)
    state = await waiting.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.cancelled_by == "customer"
    assert await waiting.money(order_id) == (0, 0)


async def test_a_waiting_order_on_hold_is_charged_after_its_release(waiting: RunningSystem) -> None:
    order_id = await declined(waiting)
    await waiting.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    accept_everything(waiting)
    await waiting.handle(order_id, GivePaymentMethod(order_id, "pm_2"))

    async def on_hold() -> bool:
        return "on hold" in await waiting.current_details(order_id)

    await until(on_hold, f"{order_id} waits on hold")
    assert await waiting.money(order_id) == (0, 0)
    await waiting.handle(order_id, ReleaseOrder(order_id))
    await waiting.settled(order_id, "shipped")


async def test_after_the_deadline_the_order_is_cancelled_for_the_decline(
    database_url: str, temporal_client: Client, steering: Steering
) -> None:
    client = TimeSkipper(temporal_client).client
    async with running_system(
        database_url,
        client,
        interceptors=[steering],
        payment_decline_above=100_00,
        payment_deadline=timedelta(hours=2),
    ) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place(unit_price=DECLINED)
        state = await system.settled(order_id, "cancelled")
        assert isinstance(state, Cancelled)
        assert state.reason == "Payment declined: the amount is above the limit"
        assert await system.events(order_id) == [
            "order.placed",
            "order.confirmed",
            "order.payment_failed",
            "order.cancelled",
        ]
        assert steering.calls["charge-payment"] > 5, "it looks at the payment from time to time"
        await assert_the_books_hold(system)
