"""`temporal workflow reset`, at every event that Temporal accepts: the order ends as before, and the books are correct."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.testing import TimeSkipper

from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund
from tests.running_system import RunningSystem, running_system, until
from tests.workflow.books import assert_the_books_hold
from tests.workflow.counted_gateways import Asked
from tests.workflow.resetting import WITHOUT_SIGNALS, points, reset
from tests.workflow.steering import Steering, held_only
from tests.workflow.test_cancellation import assert_everything_is_back

LIMIT = 60.0


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
async def resettable(
    database_url: str, temporal_client: Client, steering: Steering, asked: Asked
) -> AsyncIterator[RunningSystem]:
    client = TimeSkipper(temporal_client).client
    async with running_system(database_url, client, interceptors=[steering], adapt=asked.adapt) as running:
        await running.stock(TEA_1=10)
        yield running


async def reset_everywhere(system: RunningSystem, workflow_id: str, *, without_signals: bool = False) -> int:
    """Reset an ended run to each of its tasks, one after the other, and wait for the end of each new run; returns their
    number."""
    handle = system.client.get_workflow_handle(workflow_id)
    run_id, events = (await handle.describe()).run_id, points(await handle.fetch_history())
    for event_id in events:
        without = WITHOUT_SIGNALS if without_signals else ()
        again = await reset(system.client, workflow_id, run_id, event_id, without=without)
        await ended(system, workflow_id, again, event_id)
    return len(events)


async def ended(system: RunningSystem, workflow_id: str, run_id: str, event_id: int) -> None:
    handle = system.client.get_workflow_handle(workflow_id, run_id=run_id)

    async def closed() -> bool:
        return (await handle.describe()).close_time is not None

    await until(closed, f"{workflow_id}, reset to event {event_id}, has ended", LIMIT)


async def facts(system: RunningSystem, order_id: str) -> tuple[object, ...]:
    return (
        await system.events(order_id),
        await system.money(order_id),
        await system.live_labels(order_id),
        await system.available("TEA-1"),
    )


@pytest.mark.parametrize("captured", [True, False], ids=["charged at once", "held until the label"])
async def test_a_shipped_order_reset_anywhere_asks_no_gateway_for_anything(
    resettable: RunningSystem, steering: Steering, asked: Asked, captured: bool
) -> None:
    if not captured:
        steering.changed["charge-payment"] = held_only
    order_id = await resettable.place()
    await resettable.settled(order_id, "shipped")
    before = await facts(resettable, order_id)
    asked.calls.clear()
    for workflow in ("validate-order", "fulfill-order", "notify-shipment"):
        assert await reset_everywhere(resettable, f"{workflow}-{order_id}") > 0
    assert await facts(resettable, order_id) == before
    assert asked.calls == {}
    assert await resettable.money(order_id) == (30_00, 0)
    await assert_the_books_hold(resettable)


@pytest.mark.parametrize("without_signals", [False, True], ids=["signals taken along", "signals dropped"])
@pytest.mark.parametrize("step", ["charge-payment", "reserve-inventory", "record-shipment"])
async def test_a_cancelled_order_reset_anywhere_stays_undone(
    resettable: RunningSystem, steering: Steering, step: str, without_signals: bool
) -> None:
    held = steering.hold_before(step)
    order_id = await resettable.place()
    await held.reached.wait()
    await resettable.cancel(order_id)
    held.release.set()
    await assert_everything_is_back(resettable, order_id, "customer")
    before = await facts(resettable, order_id)
    await reset_everywhere(resettable, f"fulfill-order-{order_id}", without_signals=without_signals)
    assert await facts(resettable, order_id) == before
    await assert_the_books_hold(resettable)


async def test_an_order_that_was_refused_reset_anywhere_stays_undone(
    resettable: RunningSystem, steering: Steering
) -> None:
    steering.refuse("record-shipment")
    order_id = await resettable.place()
    await assert_everything_is_back(resettable, order_id, "fulfillment")
    before = await facts(resettable, order_id)
    steering.refused.clear()  # a refused call would succeed now
    await reset_everywhere(resettable, f"fulfill-order-{order_id}")
    assert await facts(resettable, order_id) == before
    await assert_the_books_hold(resettable)


async def test_an_order_cancelled_in_temporal_reset_anywhere_stays_undone(
    resettable: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_after("create-shipment")
    order_id = await resettable.place()
    await held.reached.wait()
    await resettable.workflow("fulfill-order", order_id).cancel()
    held.release.set()
    with pytest.raises(WorkflowFailureError):
        await resettable.workflow("fulfill-order", order_id).result()
    await assert_everything_is_back(resettable, order_id, "operator")
    before = await facts(resettable, order_id)
    await reset_everywhere(resettable, f"fulfill-order-{order_id}")
    assert await facts(resettable, order_id) == before
    await assert_the_books_hold(resettable)


@pytest.mark.parametrize("step", ["charge-payment", "reserve-inventory", "create-shipment", "record-shipment"])
async def test_a_held_order_reset_anywhere_stays_held_and_ships_once_released(
    resettable: RunningSystem, steering: Steering, step: str
) -> None:
    held = steering.hold_before(step)
    order_id = await resettable.place()
    await held.reached.wait()
    await resettable.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    held.release.set()
    handle = resettable.workflow("fulfill-order", order_id)
    await waits(resettable, order_id)
    before = await facts(resettable, order_id)
    run_id, history = (await handle.describe()).run_id, await handle.fetch_history()
    for event_id in points(history):
        await reset(resettable.client, handle.id, run_id, event_id)
        await waits(resettable, order_id)
        assert await facts(resettable, order_id) == before
    await resettable.handle(order_id, ReleaseOrder(order_id))
    await resettable.settled(order_id, "shipped")
    events = [each for each in await resettable.events(order_id) if each not in ("order.held", "order.released")]
    assert events == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]
    assert (await facts(resettable, order_id))[1:] == ((30_00, 0), 1, 8)
    await assert_the_books_hold(resettable)


async def waits(system: RunningSystem, order_id: str) -> None:
    async def shown() -> bool:
        return "on hold" in await system.current_details(order_id)

    await until(shown, f"{order_id} waits on hold", LIMIT)


async def test_a_refund_reset_anywhere_is_made_once(resettable: RunningSystem) -> None:
    order_id = await resettable.place()
    await resettable.settled(order_id, "shipped")
    await resettable.handle(order_id, RequestRefund(order_id, "r-1", 10_00, "it arrived late"))
    refund = f"refund-order-{order_id}/r-1"

    async def made() -> bool:
        return await resettable.money(order_id) == (30_00, 10_00)

    await until(made, "the refund is made")
    await resettable.client.get_workflow_handle(refund).result()
    before = await facts(resettable, order_id)
    await reset_everywhere(resettable, refund)
    await reset_everywhere(resettable, f"fulfill-order-{order_id}")
    assert await facts(resettable, order_id) == before
    await assert_the_books_hold(resettable)
