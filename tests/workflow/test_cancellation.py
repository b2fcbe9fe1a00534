"""A cancel at every moment of an order: the stream decides, no charge is interrupted, no money is kept."""

import contextlib

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError

from orders.errors import OrderNotCancellable
from orders.state import Cancelled
from tests.running_system import RunningSystem, new_id
from tests.workflow.steering import Steering

STEPS = ["charge-payment", "record-payment", "reserve-inventory", "create-shipment"]


async def assert_everything_is_back(system: RunningSystem, order_id: str, by: str) -> None:
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.cancelled_by == by
    charged, refunded = await system.money(order_id)
    assert charged == refunded
    assert state.payment_state == ("refunded" if charged else "none")
    assert await system.available("TEA-1") == 10
    assert await system.live_labels(order_id) == 0


@pytest.mark.parametrize("step", ["check-inventory", "confirm"])
async def test_a_cancel_during_validation_leaves_nothing_to_undo(
    system: RunningSystem, steering: Steering, step: str
) -> None:
    held = steering.hold_before(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.cancel(order_id)
    held.release.set()
    await assert_everything_is_back(system, order_id, "customer")
    assert await system.money(order_id) == (0, 0)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_cancel_at_any_step_gives_everything_back(
    system: RunningSystem, steering: Steering, step: str, moment: str
) -> None:
    held = steering.hold_before(step) if moment == "before" else steering.hold_after(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.cancel(order_id)
    held.release.set()
    await assert_everything_is_back(system, order_id, "customer")


async def test_a_cancel_between_label_and_record_voids_the_label(system: RunningSystem, steering: Steering) -> None:
    held = steering.hold_before("record-shipment")
    order_id = await system.place()
    await held.reached.wait()
    await system.cancel(order_id)
    held.release.set()
    await assert_everything_is_back(system, order_id, "customer")


async def test_a_cancel_after_the_shipment_is_refused_with_the_current_state(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    with pytest.raises(OrderNotCancellable) as refused:
        await system.cancel(order_id)
    assert refused.value.status == "shipped"
    assert await system.money(order_id) == (30_00, 0)


async def test_a_second_cancel_changes_nothing(system: RunningSystem, steering: Steering) -> None:
    held = steering.hold_before("charge-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.cancel(order_id, "first")
    await system.cancel(order_id, "second")
    held.release.set()
    await assert_everything_is_back(system, order_id, "customer")
    state = await system.state(order_id)
    assert isinstance(state, Cancelled)
    assert state.reason == "first"
    assert (await system.events(order_id)).count("order.cancelled") == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["read-order", *STEPS])
async def test_a_cancel_in_temporal_gives_everything_back_and_ends_as_cancelled(
    system: RunningSystem, steering: Steering, step: str, moment: str
) -> None:
    held = steering.hold_before(step) if moment == "before" else steering.hold_after(step)
    order_id = await system.place()
    await held.reached.wait()
    handle = system.workflow("fulfill-order", order_id)
    await handle.cancel()
    held.release.set()
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, CancelledError)
    await assert_everything_is_back(system, order_id, "operator")


async def test_a_cancel_in_temporal_that_comes_too_late_leaves_the_order_shipped(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_after("record-shipment")
    order_id = await system.place()
    await held.reached.wait()
    handle = system.workflow("fulfill-order", order_id)
    await handle.cancel()
    held.release.set()
    assert (await handle.result())["status"] == "shipped"
    assert await system.money(order_id) == (30_00, 0)


async def test_a_cancel_in_temporal_while_undoing_lets_the_undoing_end(
    system: RunningSystem, steering: Steering
) -> None:
    steering.refuse("create-shipment")
    held = steering.hold_before("refund-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.workflow("fulfill-order", order_id).cancel()
    held.release.set()
    await assert_everything_is_back(system, order_id, "fulfillment")


async def test_a_cancel_ends_the_retries_of_a_charge_while_the_gateway_is_down(system: RunningSystem) -> None:
    await system.faults.set("payment.charge", "unavailable")
    order_id = await system.place()
    await system.step_is_failing(order_id, "charge-payment")
    await system.cancel(order_id)
    await assert_everything_is_back(system, order_id, "customer")
    assert await system.money(order_id) == (0, 0)


async def test_a_terminated_run_is_undone_when_a_person_cancels(system: RunningSystem, steering: Steering) -> None:
    held = steering.hold_after("create-shipment")
    order_id = await system.place()
    await held.reached.wait()
    handle = system.workflow("fulfill-order", order_id)
    await handle.terminate("by mistake")
    held.release.set()
    assert (await handle.describe()).status == WorkflowExecutionStatus.TERMINATED
    await system.cancel(order_id)
    await assert_everything_is_back(system, order_id, "customer")
    assert await system.money(order_id) == (30_00, 30_00)


async def test_cancels_racing_shipments_end_shipped_and_paid_or_cancelled_and_refunded(system: RunningSystem) -> None:
    await system.stock(TEA_1=1000)
    order_ids = [await system.place(f"race-{index}-{new_id()}", quantity=1) for index in range(12)]
    outcomes = {"shipped": 0, "cancelled": 0}
    for order_id in order_ids:
        with contextlib.suppress(OrderNotCancellable):
            await system.cancel(order_id)
        status = (await system.state(order_id)).status
        expected = "cancelled" if status == "cancelled" else "shipped"
        state = await system.settled(order_id, expected)
        charged, refunded = await system.money(order_id)
        assert (charged - refunded) == (15_00 if expected == "shipped" else 0)
        assert state.payment_state in (("paid",) if expected == "shipped" else ("none", "refunded"))
        outcomes[expected] += 1
    assert await system.available("TEA-1") == 1000 - outcomes["shipped"]


async def test_an_order_that_costs_nothing_ships_or_ends_with_nothing_to_give_back(
    system: RunningSystem, steering: Steering
) -> None:
    free = await system.place(unit_price=0)
    assert (await system.settled(free, "shipped")).payment_state == "paid"
    steering.refuse("create-shipment")
    cancelled = await system.place(unit_price=0)
    assert (await system.settled(cancelled, "cancelled")).payment_state == "none"
    assert await system.money(cancelled) == (0, 0)
