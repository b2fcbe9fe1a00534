"""A database step has its effect before Temporal records its workflow task: a task that is lost with its worker may
have effects that the next attempt, after a cancel, does not repeat."""

from tests.running_system import RunningSystem
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back


async def test_goods_that_a_lost_task_reserved_are_given_back(system: RunningSystem, steering: Steering) -> None:
    held = steering.hold_after("charge-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.app.stock.reserve(order_id, {"TEA-1": 2})  # as the lost task did
    await system.cancel(order_id)
    await system.dispatched_all()
    held.release.set()
    await assert_everything_is_back(system, order_id, "customer")
