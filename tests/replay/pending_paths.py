"""Paths on which the payment provider decides late, or against us."""

from application.closing_refunds import close_refund
from orders.commands import CloseRefund
from orders.interventions import RequestRefund
from orders.payment_events import RefundOutcome
from tests.running_system import CANCEL_REASON, RunningSystem, until
from tests.workflow.steering import Steering

KEY = "charge-payment"


async def charge_pending(system: RunningSystem, steering: Steering) -> str:
    order_id = await _processing(system)
    await system.faults.decide("payment.charge", f"{order_id}:{KEY}", succeeds=True)
    await system.settled(order_id, "shipped")
    return order_id


async def charge_pending_then_declined(system: RunningSystem, steering: Steering) -> str:
    order_id = await _processing(system)
    await system.faults.decide("payment.charge", f"{order_id}:{KEY}", succeeds=False)
    await system.settled(order_id, "cancelled")
    return order_id


async def cancelled_while_pending(system: RunningSystem, steering: Steering) -> str:
    order_id = await _processing(system)
    await system.cancel(order_id)
    await _steps(system, steering, "refund-payment")
    assert await system.money(order_id) == (0, 0)
    await system.faults.decide("payment.charge", f"{order_id}:{KEY}", succeeds=True)
    await system.settled(order_id, "cancelled")
    return order_id


async def undone_by_a_pending_refund(system: RunningSystem, steering: Steering) -> str:
    await system.faults.set("payment.void", "pending", remaining=1)
    steering.refuse("create-shipment")
    order_id = await system.place()
    await _steps(system, steering, "refund-payment")
    assert "order.refunded" not in await system.events(order_id)
    await system.faults.decide("payment.void", f"{order_id}:{KEY}", succeeds=True)
    await system.settled(order_id, "cancelled")
    return order_id


async def settled_elsewhere(system: RunningSystem, steering: Steering) -> str:
    """The refund of a cancelled order is refused, until a person settles it."""
    await system.faults.set("payment.void", "refused", remaining=1)
    steering.refuse("create-shipment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    await close(system, order_id, "cancellation", RefundOutcome.SETTLED_ELSEWHERE)
    await system.settled(order_id, "cancelled")
    return order_id


async def refund_pending(system: RunningSystem, steering: Steering) -> str:
    order_id, key = await _refund(system, "pending")
    await _steps(system, steering, "return-payment")
    assert "order.refunded" not in await system.events(order_id)
    await system.faults.decide("payment.refund", key, succeeds=True)
    return await _ended(system, order_id, "order.refunded")


async def refund_pending_then_failed(system: RunningSystem, steering: Steering) -> str:
    order_id, key = await _refund(system, "pending")
    await _steps(system, steering, "return-payment")
    await system.faults.decide("payment.refund", key, succeeds=False)
    return await _ended(system, order_id, "order.refund_closed")


async def refund_refused(system: RunningSystem, steering: Steering) -> str:
    order_id, _ = await _refund(system, "refused")
    return await _ended(system, order_id, "order.refund_closed")


async def refund_withdrawn(system: RunningSystem, steering: Steering) -> str:
    steering.failing.add("return-payment")
    order_id, _ = await _refund(system, None)
    await system.dispatched_all()
    await close(system, order_id, "r-1", RefundOutcome.WITHDRAWN)
    steering.failing.clear()
    return await _ended(system, order_id, "order.refund_closed")


async def close(system: RunningSystem, order_id: str, refund_id: str, outcome: RefundOutcome) -> None:
    """Close a refund as a person does."""
    command = CloseRefund(order_id, refund_id, outcome, CANCEL_REASON)
    app = system.app
    await close_refund(app.orders, app.payments, app.pool, command, actor="test", command_id=f"{order_id}-{outcome}")


async def _processing(system: RunningSystem) -> str:
    """An order whose payment the provider is processing."""
    await system.faults.set("payment.charge", "pending", remaining=1)
    order_id = await system.place()

    async def pending() -> bool:
        return "order.payment_pending" in await system.events(order_id)

    await until(pending, f"the payment of {order_id} is pending")
    return order_id


async def _refund(system: RunningSystem, kind: str | None) -> tuple[str, str]:
    """Shipped order with a requested refund, which the gateway takes in this way, and its key."""
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    if kind:
        await system.faults.set("payment.refund", kind, remaining=1)  # type: ignore[arg-type]
    await system.handle(order_id, RequestRefund(order_id, "r-1", 10_00, CANCEL_REASON))
    return order_id, f"{order_id}:return-payment:r-1"


async def _ended(system: RunningSystem, order_id: str, event: str) -> str:
    """Wait until the refund's run has ended, and the order has this event."""
    await system.dispatched_all()
    await system.client.get_workflow_handle(f"refund-order-{order_id}/r-1").result()
    assert event in await system.events(order_id)
    return f"{order_id}/r-1"


async def _steps(system: RunningSystem, steering: Steering, step: str) -> None:
    """Wait until the step has been tried twice."""
    before = steering.calls[step]

    async def tried() -> bool:
        return steering.calls[step] >= before + 2

    await until(tried, f"{step} is tried twice")
