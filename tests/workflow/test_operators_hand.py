"""Operator commands on an order in progress: hold, release, retry, refund after shipment."""

import asyncio

import pytest

from orders.errors import IllegalTransition, RefundOutOfRange
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund, RetryOrder
from orders.state import Shipped
from tests.running_system import RunningSystem, new_id, until
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back

STEPS = ["charge-payment", "reserve-inventory", "create-shipment", "record-shipment"]


async def held_at(system: RunningSystem, steering: Steering, step: str) -> str:
    """Order that was held before a step, whose workflow has received the refusal."""
    held = steering.hold_before(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    held.release.set()
    await system.dispatched_all()
    return order_id


async def refused(system: RunningSystem, steering: Steering, order_id: str, step: str) -> None:
    """Wait until the workflow has received the refusal of the step because of the hold."""

    async def shown() -> bool:
        details = await system.current_details(order_id)
        return "on hold" in details

    await until(shown, f"{order_id} waits on hold before {step}")


@pytest.mark.parametrize("step", STEPS)
async def test_a_held_order_takes_no_further_step_and_goes_on_when_released(
    system: RunningSystem, steering: Steering, step: str
) -> None:
    order_id = await held_at(system, steering, step)
    await refused(system, steering, order_id, step)
    before = await system.steps(order_id)
    assert step not in before
    assert (await system.state(order_id)).status in ("confirmed", "paid")
    await system.handle(order_id, ReleaseOrder(order_id))
    await system.settled(order_id, "shipped")
    assert await system.money(order_id) == (30_00, 0)
    assert await system.available("TEA-1") == 8


@pytest.mark.parametrize("step", STEPS)
async def test_a_held_order_can_still_be_cancelled(system: RunningSystem, steering: Steering, step: str) -> None:
    order_id = await held_at(system, steering, step)
    await refused(system, steering, order_id, step)
    await system.cancel(order_id)
    await assert_everything_is_back(system, order_id, "customer")


async def test_an_order_held_before_its_validation_is_validated_when_released(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("check-inventory")
    order_id = await system.place()
    await held.reached.wait()
    await system.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    held.release.set()
    await system.settled(order_id, "placed")
    await system.handle(order_id, ReleaseOrder(order_id))
    await system.settled(order_id, "shipped")
    assert (await system.events(order_id)).count("order.confirmed") == 1


async def test_a_release_while_the_validation_is_refused_because_of_the_hold_is_not_lost(
    system: RunningSystem, steering: Steering
) -> None:
    begun, refused = steering.hold_before("check-inventory"), steering.hold_after("confirm")
    order_id = await system.place()
    await begun.reached.wait()
    await system.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    begun.release.set()
    await refused.reached.wait()
    await system.handle(order_id, ReleaseOrder(order_id))
    await system.dispatched_all()
    refused.release.set()
    await system.settled(order_id, "shipped")
    assert (await system.events(order_id)).count("order.confirmed") == 1


async def test_a_hold_that_is_released_before_the_workflow_hears_of_it_stops_nothing(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("reserve-inventory")
    order_id = await system.place()
    await held.reached.wait()
    for _ in range(3):
        await system.handle(order_id, HoldOrder(order_id, "fraud suspected"))
        await system.handle(order_id, ReleaseOrder(order_id))
    held.release.set()
    await system.settled(order_id, "shipped")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["charge-payment", "record-payment", "reserve-inventory", "create-shipment"])
async def test_a_retry_after_a_terminated_run_ends_as_if_nothing_had_happened(
    system: RunningSystem, steering: Steering, step: str, moment: str
) -> None:
    held = steering.hold_before(step) if moment == "before" else steering.hold_after(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.workflow("fulfill-order", order_id).terminate("by mistake")
    steering.before.clear()
    steering.after.clear()
    held.release.set()
    await system.handle(order_id, RetryOrder(order_id, "it was terminated by mistake"))
    await system.settled(order_id, "shipped")
    assert await system.money(order_id) == (30_00, 0)
    assert await system.live_labels(order_id) == 1
    assert await system.available("TEA-1") == 8
    facts = [event for event in await system.events(order_id) if event != "order.retried"]
    assert facts == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


async def test_a_retry_of_a_terminated_undoing_finishes_it(system: RunningSystem, steering: Steering) -> None:
    steering.refuse("create-shipment")
    held = steering.hold_before("refund-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.workflow("fulfill-order", order_id).terminate("by mistake")
    steering.before.clear()
    held.release.set()
    await system.handle(order_id, RetryOrder(order_id, "money is owed"))
    await assert_everything_is_back(system, order_id, "fulfillment")


async def test_a_retry_while_the_order_is_under_way_or_done_changes_nothing(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.handle(order_id, RetryOrder(order_id, "impatient"))
    await system.settled(order_id, "shipped")
    await system.handle(order_id, RetryOrder(order_id, "impatient"))
    await system.settled(order_id, "shipped")
    assert await system.money(order_id) == (30_00, 0)
    assert len(await system.app.store.read_stream("analytics.revenue")) == 1


async def refund(system: RunningSystem, order_id: str, amount: int) -> str:
    refund_id = new_id()
    await system.handle(order_id, RequestRefund(order_id, refund_id, amount, "it arrived late"))
    return refund_id


async def refunded(system: RunningSystem, order_id: str, amount: int) -> Shipped:
    async def done() -> bool:
        state = await system.state(order_id)
        return isinstance(state, Shipped) and sum(each.amount for each in state.refunds) == amount

    await until(done, f"{amount} of {order_id} have been refunded")
    state = await system.state(order_id)
    assert isinstance(state, Shipped)
    return state


async def test_a_shipped_order_is_refunded_in_parts_up_to_what_was_charged(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    await refund(system, order_id, 10_00)
    assert (await refunded(system, order_id, 10_00)).payment_state == "paid"
    await refund(system, order_id, 20_00)
    assert (await refunded(system, order_id, 30_00)).payment_state == "refunded"
    with pytest.raises(RefundOutOfRange):
        await refund(system, order_id, 1)
    assert await system.money(order_id) == (30_00, 30_00)


async def test_refunds_at_the_same_time_never_exceed_the_charge(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    outcomes = await asyncio.gather(*(refund(system, order_id, 12_00) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, RefundOutOfRange) for outcome in outcomes) == 4
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 2
    await refunded(system, order_id, 24_00)
    assert await system.money(order_id) == (30_00, 24_00)


async def test_an_order_that_has_not_shipped_is_cancelled_not_refunded(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("create-shipment")
    order_id = await system.place()
    await held.reached.wait()
    with pytest.raises(IllegalTransition):
        await refund(system, order_id, 1)
    held.release.set()
    await system.settled(order_id, "shipped")
