"""An authorised charge is captured when the label exists, and released if the order does not ship."""

import pytest

from orders.state import Cancelled
from tests.running_system import RunningSystem
from tests.workflow.steering import Steering, held_only


@pytest.fixture(autouse=True)
def _only_held(steering: Steering) -> None:
    steering.changed["charge-payment"] = held_only


async def test_what_is_held_is_captured_between_the_label_and_its_record(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert (await system.steps(order_id))[-3:] == ["create-shipment", "capture-payment", "record-shipment"]
    assert await system.events(order_id) == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


async def test_what_the_charge_has_taken_is_not_captured_again(system: RunningSystem, steering: Steering) -> None:
    steering.changed.clear()
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert "capture-payment" not in await system.steps(order_id)


async def test_a_capture_refused_for_good_undoes_everything(system: RunningSystem, steering: Steering) -> None:
    steering.refuse("capture-payment", "the authorisation has expired")
    order_id = await system.place()
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert (state.reason, state.payment_state) == ("the authorisation has expired", "refunded")
    assert (await system.steps(order_id))[-5:] == [
        *("cancel", "void-shipment", "release-inventory", "refund-payment", "record-refund")
    ]
    assert await system.money(order_id) == (30_00, 30_00)
    assert await system.live_labels(order_id) == 0
    assert await system.available("TEA-1") == 10


async def test_a_run_that_finds_the_order_paid_asks_the_gateway_to_capture(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("capture-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.workflow("fulfill-order", order_id).terminate("by mistake")
    steering.before.clear()
    held.release.set()
    await system.start("fulfill-order", order_id)
    await system.settled(order_id, "shipped")
    steps = await system.steps(order_id)
    assert "charge-payment" not in steps
    assert steps[-2:] == ["capture-payment", "record-shipment"]


async def test_a_cancel_while_capturing_gives_everything_back(system: RunningSystem, steering: Steering) -> None:
    held = steering.hold_after("capture-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.cancel(order_id)
    held.release.set()
    await system.settled(order_id, "cancelled")
    assert await system.money(order_id) == (30_00, 30_00)
    assert await system.live_labels(order_id) == 0
