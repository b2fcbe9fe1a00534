"""An order is undone for every refusal of a gateway; a command by hand leaves no run hanging."""

import pytest
from temporalio.client import WorkflowFailureError

from orders.state import Cancelled
from tests.running_system import RunningSystem, new_id
from tests.workflow.steering import Steering


@pytest.mark.parametrize(
    ("output", "recorded"),
    [
        ("x" * 600, "x" * 512),
        (" ", "refused without a reason"),
        ("no\x00luck", "noluck"),
        ("  Pakete dieser Größe nicht ", "Pakete dieser Größe nicht"),
    ],
    ids=["too long", "blank", "with a NUL", "padded"],
)
async def test_a_refusal_in_any_words_undoes_the_order(
    system: RunningSystem, steering: Steering, output: str, recorded: str
) -> None:
    steering.refuse("create-shipment", output)
    order_id = await system.place()
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.reason == recorded
    assert await system.money(order_id) == (30_00, 30_00)
    assert await system.available("TEA-1") == 10


async def test_a_fulfillment_of_an_order_that_does_not_exist_fails_and_says_so(system: RunningSystem) -> None:
    order_id = new_id()
    await system.start("fulfill-order", order_id)
    with pytest.raises(WorkflowFailureError) as failure:
        await system.workflow("fulfill-order", order_id).result()
    assert f"there is no order {order_id}" in str(failure.value.cause.__cause__ or failure.value.cause)


async def test_a_fulfillment_started_by_hand_before_the_confirmation_waits_for_it(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("check-inventory")
    order_id = await system.place()
    await held.reached.wait()
    await system.start("fulfill-order", order_id)
    steering.before.clear()
    held.release.set()
    await system.settled(order_id, "shipped")
    assert await system.money(order_id) == (30_00, 0)


async def test_a_cancel_during_the_pause_between_two_rounds_is_acted_on_at_once(
    system: RunningSystem, steering: Steering
) -> None:
    steering.failing.add("charge-payment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    steering.failing.clear()
    await system.cancel(order_id)
    await system.settled(order_id, "cancelled", seconds=5)
    assert await system.money(order_id) == (0, 0)
