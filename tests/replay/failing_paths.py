"""Paths through the workflows with long failures or lost signals."""

from collections.abc import Awaitable, Callable

from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund, RetryOrder
from tests.running_system import CANCEL_REASON, RunningSystem, until
from tests.workflow.steering import Steering

Drive = Callable[[RunningSystem, Steering], Awaitable[str]]


def failing(step: str, workflow: str = "fulfill-order", *, long: bool = False) -> Drive:
    """Step that fails for a while, then succeeds. long: until the run has continued as new."""

    async def drive(system: RunningSystem, steering: Steering) -> str:
        steering.failing.add(step)
        order_id = await system.place()
        await system.needs_attention(order_id, workflow)
        await continued(system, workflow, order_id, long)
        steering.failing.clear()
        await system.settled(order_id, "shipped", seconds=60)
        return order_id

    return drive


def undoing_fails(*, cancel: bool = False) -> Drive:
    """A compensation that fails until the run has continued as new. cancel: Temporal requested it."""

    async def drive(system: RunningSystem, steering: Steering) -> str:
        steering.refuse("void-shipment")
        steering.refuse("refund-payment")
        held = steering.hold_after("create-shipment")
        steering.refuse("record-shipment")
        order_id = await system.place()
        await held.reached.wait()
        if cancel:
            await system.workflow("fulfill-order", order_id).cancel()
        held.release.set()
        await system.needs_attention(order_id)
        await continued(system, "fulfill-order", order_id, True)
        steering.refused.clear()
        await system.settled(order_id, "cancelled", seconds=60)
        return order_id

    return drive


async def retried_while_failing(system: RunningSystem, steering: Steering) -> str:
    steering.failing.add("charge-payment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    await system.handle(order_id, RetryOrder(order_id, CANCEL_REASON))
    await system.dispatched_all()
    steering.failing.clear()
    await system.settled(order_id, "shipped")
    return order_id


async def retried_while_undoing(system: RunningSystem, steering: Steering) -> str:
    steering.refuse("record-shipment")
    steering.refuse("void-shipment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    await system.handle(order_id, RetryOrder(order_id, CANCEL_REASON))
    await system.dispatched_all()
    steering.refused.clear()
    await system.settled(order_id, "cancelled")
    return order_id


def held(*, long: bool = False) -> Drive:
    """A hold that is checked some times before the release. long: until the run has continued as new, which repeats earlier
    steps first."""

    async def drive(system: RunningSystem, steering: Steering) -> str:
        order_id = await _held(system, steering, "create-shipment", 1 if long else 3)
        await continued(system, "fulfill-order", order_id, long)
        await system.handle(order_id, ReleaseOrder(order_id))
        await system.settled(order_id, "shipped", seconds=60)
        return order_id

    return drive


async def held_and_cancelled_without_signal(system: RunningSystem, steering: Steering) -> str:
    """Cancel by another run, without a signal to this one."""
    order_id = await _held(system, steering, "create-shipment", 2)
    await system.handle(order_id, CancelOrder(order_id, "Lost", CancelledBy.FULFILLMENT))
    await system.settled(order_id, "cancelled")
    return order_id


def refund_fails(step: str, *, long: bool = False) -> Drive:
    async def drive(system: RunningSystem, steering: Steering) -> str:
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        steering.failing.add(step)
        await system.handle(order_id, RequestRefund(order_id, "r-1", 10_00, CANCEL_REASON))
        await system.needs_attention(f"{order_id}/r-1", "refund-order")
        await continued(system, "refund-order", f"{order_id}/r-1", long)
        steering.failing.clear()
        await system.workflow("refund-order", f"{order_id}/r-1").result()
        return f"{order_id}/r-1"

    return drive


async def _held(system: RunningSystem, steering: Steering, step: str, calls: int) -> str:
    stopped = steering.hold_before(step)
    order_id = await system.place()
    await stopped.reached.wait()
    await system.handle(order_id, HoldOrder(order_id, CANCEL_REASON))
    stopped.release.set()
    await _called(steering, step, calls)
    return order_id


async def continued(system: RunningSystem, workflow: str, order_id: str, long: bool) -> None:
    async def another() -> bool:
        info = (await system.workflow(workflow, order_id).describe()).raw_description.workflow_execution_info
        return info.first_run_id != info.execution.run_id

    if long:
        await until(another, f"{workflow} of {order_id} has continued as new", seconds=120)


async def _called(steering: Steering, step: str, times: int) -> None:
    async def enough() -> bool:
        return steering.calls[step] >= times

    await until(enough, f"{step} has been called {times} times, not {steering.calls[step]}", seconds=120)
