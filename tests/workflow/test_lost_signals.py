"""No run waits for a signal alone: a lost signal delays an order, and does not stop it."""

import asyncio

from temporalio.api.enums.v1 import EventType

from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import HoldOrder, ReleaseOrder, RetryOrder
from tests.running_system import RunningSystem, until
from tests.workflow.resetting import WITHOUT_SIGNALS, points, reset
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back


async def waits_on_hold(system: RunningSystem, steering: Steering, step: str) -> str:
    held = steering.hold_before(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    held.release.set()

    async def shown() -> bool:
        return "on hold" in await system.current_details(order_id)

    await until(shown, f"{order_id} waits on hold before {step}")
    return order_id


async def test_a_held_order_that_another_run_has_cancelled_is_undone(
    skipping: RunningSystem, steering: Steering
) -> None:
    order_id = await waits_on_hold(skipping, steering, "create-shipment")
    await skipping.handle(order_id, CancelOrder(order_id, "another run's", CancelledBy.FULFILLMENT))
    await assert_everything_is_back(skipping, order_id, "fulfillment")


async def test_a_release_whose_signal_is_lost_lets_the_order_go_on(skipping: RunningSystem, steering: Steering) -> None:
    order_id = await waits_on_hold(skipping, steering, "create-shipment")
    handle = skipping.workflow("fulfill-order", order_id)
    await skipping.handle(order_id, ReleaseOrder(order_id))
    await skipping.settled(order_id, "shipped")
    history = await handle.fetch_history()
    signalled = next(
        event.event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    )
    before = max(point for point in points(history) if point < signalled)
    run_id = (await handle.describe()).run_id
    again = await reset(skipping.client, handle.id, run_id, before, without=WITHOUT_SIGNALS)
    answer = await asyncio.wait_for(skipping.client.get_workflow_handle(handle.id, run_id=again).result(), 60)
    assert answer["status"] == "shipped"
    assert await skipping.money(order_id) == (30_00, 0)


async def test_a_hold_of_months_is_looked_at_with_pauses_that_grow_to_an_hour(
    skipping: RunningSystem, steering: Steering
) -> None:
    order_id = await waits_on_hold(skipping, steering, "reserve-inventory")

    async def checked_often() -> bool:
        return steering.calls["reserve-inventory"] >= 12

    await until(checked_often, "the hold has been looked at for hours of virtual time")
    pauses = await timers(skipping, order_id)
    assert pauses[:9] == [60 * each for each in (1, 2, 4, 8, 16, 32, 60, 60, 60)]
    await skipping.handle(order_id, ReleaseOrder(order_id))
    await skipping.settled(order_id, "shipped")


async def timers(system: RunningSystem, order_id: str) -> list[int]:
    """Lengths of the run's pauses in seconds."""
    history = await system.workflow("fulfill-order", order_id).fetch_history()
    return [
        event.timer_started_event_attributes.start_to_fire_timeout.seconds
        for event in history.events
        if event.HasField("timer_started_event_attributes")
    ]


async def hurried(system: RunningSystem, order_id: str, workflow: str = "fulfill-order") -> int:
    """Number of pauses of the run that ended early."""
    history = await system.workflow(workflow, order_id).fetch_history()
    return sum(event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED for event in history.events)


async def retry(system: RunningSystem, order_id: str) -> None:
    await system.handle(order_id, RetryOrder(order_id, "the cause is mended"))


async def test_a_retry_ends_the_pause_between_rounds(system: RunningSystem, steering: Steering) -> None:
    steering.failing.add("charge-payment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    steering.failing.clear()
    await retry(system, order_id)
    await system.settled(order_id, "shipped")
    assert await hurried(system, order_id) == 1
    assert await system.money(order_id) == (30_00, 0)


async def test_a_retry_makes_failing_compensations_due_at_once(system: RunningSystem, steering: Steering) -> None:
    steering.refuse("record-shipment")
    for step in ("void-shipment", "refund-payment"):
        steering.refuse(step)
    order_id = await system.place()
    await system.needs_attention(order_id)

    async def both_failed() -> bool:
        return min(steering.calls[step] for step in ("void-shipment", "refund-payment")) > 0

    await until(both_failed, "both compensations have failed")
    steering.refused.clear()
    await retry(system, order_id)
    await assert_everything_is_back(system, order_id, "fulfillment")
    assert await hurried(system, order_id) == 1


async def test_a_retry_wakes_a_run_that_waits_on_hold(system: RunningSystem, steering: Steering) -> None:
    order_id = await waits_on_hold(system, steering, "create-shipment")
    looked = steering.calls["create-shipment"]
    await retry(system, order_id)

    async def checked_again() -> bool:
        return steering.calls["create-shipment"] > looked

    await until(checked_again, "the hold has been looked at again")
    await system.cancel(order_id)
    await assert_everything_is_back(system, order_id, "customer")


async def test_a_retry_hurries_the_validation_and_the_messages_too(system: RunningSystem, steering: Steering) -> None:
    for step, workflow in (("check-inventory", "validate-order"), ("publish", "notify-shipment")):
        steering.failing.add(step)
        order_id = await system.place()
        await system.needs_attention(order_id, workflow)
        steering.failing.clear()
        await retry(system, order_id)
        await system.settled(order_id, "shipped")
        assert await hurried(system, order_id, workflow) == 1
