"""The paths through the workflows, each of which can be run, recorded and replayed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund
from tests.replay import failing_paths, payment_paths, pending_paths, webhook_paths
from tests.running_system import CANCEL_REASON, RunningSystem, until
from tests.workflow.steering import Held, Steering, held_only

Drive = Callable[[RunningSystem, Steering], Awaitable[str]]


@dataclass(frozen=True)
class Path:
    """A path through a workflow: `drive` runs it to its end and returns the order's id. settings: of its system."""

    name: str
    workflow: str
    drive: Drive
    settings: dict[str, Any] = field(default_factory=dict)


async def _shipped(system: RunningSystem, steering: Steering) -> str:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    return order_id


async def _out_of_stock(system: RunningSystem, steering: Steering) -> str:
    order_id = await system.place(quantity=11)
    await system.settled(order_id, "cancelled")
    return order_id


async def _declined(system: RunningSystem, steering: Steering) -> str:
    order_id = await system.place(unit_price=90_00)
    await system.settled(order_id, "cancelled")
    return order_id


async def _no_carrier(system: RunningSystem, steering: Steering) -> str:
    await system.stock(TEA_1=500)
    order_id = await system.place(quantity=101, unit_price=1)
    await system.settled(order_id, "cancelled")
    return order_id


async def _sold_meanwhile(system: RunningSystem, steering: Steering) -> str:
    async def sell_out(order_id: str) -> None:
        await system.stock(TEA_1=0)

    return await _disturbed(system, steering.hold_before("reserve-inventory"), sell_out, "cancelled")


async def _cancelled_while_validating(system: RunningSystem, steering: Steering) -> str:
    return await _disturbed(system, steering.hold_before("confirm"), system.cancel, "cancelled")


async def _cancelled_while_charging(system: RunningSystem, steering: Steering) -> str:
    return await _disturbed(system, steering.hold_after("charge-payment"), system.cancel, "cancelled")


async def _cancelled_before_record_shipment(system: RunningSystem, steering: Steering) -> str:
    return await _disturbed(system, steering.hold_before("record-shipment"), system.cancel, "cancelled")


async def _cancelled_in_temporal(system: RunningSystem, steering: Steering) -> str:
    async def cancel(order_id: str) -> None:
        await system.workflow("fulfill-order", order_id).cancel()

    return await _disturbed(system, steering.hold_after("charge-payment"), cancel, "cancelled")


async def _resumed_after_terminate(system: RunningSystem, steering: Steering) -> str:
    async def terminate(order_id: str) -> None:
        await system.workflow("fulfill-order", order_id).terminate("by mistake")
        steering.after.clear()
        await system.start("fulfill-order", order_id)

    return await _disturbed(system, steering.hold_after("create-shipment"), terminate, "shipped")


async def _gateway_down(system: RunningSystem, steering: Steering) -> str:
    steering.failing.add("charge-payment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    steering.failing.clear()
    await system.settled(order_id, "shipped")
    return order_id


async def _compensation_fails_first(system: RunningSystem, steering: Steering) -> str:
    steering.refuse("create-shipment")
    steering.refuse("void-shipment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    steering.refused.clear()
    await system.settled(order_id, "cancelled")
    return order_id


async def _captured_with_the_label(system: RunningSystem, steering: Steering) -> str:
    steering.changed["charge-payment"] = held_only
    return await _shipped(system, steering)


async def _label_taken_back_late(system: RunningSystem, steering: Steering) -> str:
    """A void that is pending at first, then refused, then successful."""
    steering.refuse("record-shipment")
    answers = [{"pending": True}, {"pending": True, "refused": "the carrier has scanned it"}, {"pending": True}, {}]
    steering.changed["void-shipment"] = lambda undone: undone.model_copy(update=answers.pop(0))
    order_id = await system.place()
    await system.settled(order_id, "cancelled")
    return order_id


async def _held(system: RunningSystem, steering: Steering, step: str) -> str:
    """An order that waits on hold before a step."""
    held = steering.hold_before(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.handle(order_id, HoldOrder(order_id, CANCEL_REASON))
    held.release.set()
    return order_id


async def _held_and_released(system: RunningSystem, steering: Steering) -> str:
    order_id = await _held(system, steering, "reserve-inventory")
    await _waits_on_hold(system, order_id)
    await system.handle(order_id, ReleaseOrder(order_id))
    await system.settled(order_id, "shipped")
    return order_id


async def _held_and_cancelled(system: RunningSystem, steering: Steering) -> str:
    order_id = await _held(system, steering, "create-shipment")
    await _waits_on_hold(system, order_id)
    await system.cancel(order_id)
    await system.settled(order_id, "cancelled")
    return order_id


async def _held_while_validating(system: RunningSystem, steering: Steering) -> str:
    order_id = await _held(system, steering, "confirm")
    await system.settled(order_id, "placed")
    return order_id


async def _released_while_validating(system: RunningSystem, steering: Steering) -> str:
    """The release arrives after the refusal by the hold, and before the run has received it."""
    answered = steering.hold_after("confirm")
    order_id = await _held(system, steering, "check-inventory")
    await answered.reached.wait()
    await system.handle(order_id, ReleaseOrder(order_id))
    await system.dispatched_all()
    answered.release.set()
    await system.settled(order_id, "shipped")
    return order_id


async def _waits_on_hold(system: RunningSystem, order_id: str) -> None:
    async def shown() -> bool:
        return "on hold" in await system.current_details(order_id)

    await until(shown, f"{order_id} waits on hold")


async def _refunded(system: RunningSystem, steering: Steering) -> str:
    order_id = await _shipped(system, steering)
    await system.handle(order_id, RequestRefund(order_id, "r-1", 10_00, CANCEL_REASON))

    async def returned() -> bool:
        return await system.money(order_id) == (30_00, 10_00) and "order.refunded" in await system.events(order_id)

    await until(returned, f"{order_id} is refunded")
    return f"{order_id}/r-1"


async def _disturbed(system: RunningSystem, held: Held, disturb: Callable[[str], Awaitable[None]], status: str) -> str:
    order_id = await system.place()
    await held.reached.wait()
    await disturb(order_id)
    held.release.set()
    await system.settled(order_id, status)
    return order_id


WAITS = {"payment_deadline": timedelta(days=3)}
PATHS = (
    Path("validate-confirmed", "validate-order", _shipped),
    Path("validate-out-of-stock", "validate-order", _out_of_stock),
    Path("validate-cancelled-meanwhile", "validate-order", _cancelled_while_validating),
    Path("fulfill-shipped", "fulfill-order", _shipped),
    Path("fulfill-declined", "fulfill-order", _declined),
    Path("fulfill-no-carrier", "fulfill-order", _no_carrier),
    Path("fulfill-sold-meanwhile", "fulfill-order", _sold_meanwhile),
    Path("fulfill-cancelled-before-it-began", "fulfill-order", _cancelled_while_validating),
    Path("fulfill-cancelled-while-charging", "fulfill-order", _cancelled_while_charging),
    Path("fulfill-cancelled-before-record-shipment", "fulfill-order", _cancelled_before_record_shipment),
    Path("fulfill-cancelled-in-temporal", "fulfill-order", _cancelled_in_temporal),
    Path("fulfill-resumed-after-terminate", "fulfill-order", _resumed_after_terminate),
    Path("fulfill-gateway-down", "fulfill-order", _gateway_down),
    Path("fulfill-compensation-fails-first", "fulfill-order", _compensation_fails_first),
    Path("fulfill-captured-with-the-label", "fulfill-order", _captured_with_the_label),
    Path("fulfill-label-taken-back-late", "fulfill-order", _label_taken_back_late),
    Path("validate-held", "validate-order", _held_while_validating),
    Path("validate-released-while-refused", "validate-order", _released_while_validating),
    Path("fulfill-held-and-released", "fulfill-order", _held_and_released),
    Path("fulfill-held-and-cancelled", "fulfill-order", _held_and_cancelled),
    Path("refund-after-shipment", "refund-order", _refunded),
    Path("notify-shipped", "notify-shipment", _shipped),
    Path("fulfill-database-down", "fulfill-order", failing_paths.failing("reserve-inventory")),
    Path("fulfill-retried-while-failing", "fulfill-order", failing_paths.retried_while_failing),
    Path("fulfill-retried-while-undoing", "fulfill-order", failing_paths.retried_while_undoing),
    Path("fulfill-held-and-looked-at", "fulfill-order", failing_paths.held()),
    Path("fulfill-held-and-cancelled-unheard", "fulfill-order", failing_paths.held_and_cancelled_without_signal),
    Path("validate-database-down", "validate-order", failing_paths.failing("confirm", "validate-order")),
    Path("notify-database-down", "notify-shipment", failing_paths.failing("publish", "notify-shipment")),
    Path("refund-database-down", "refund-order", failing_paths.refund_fails("record-requested-refund")),
    Path("fulfill-charge-pending", "fulfill-order", pending_paths.charge_pending),
    Path("fulfill-charge-pending-declined", "fulfill-order", pending_paths.charge_pending_then_declined),
    Path("fulfill-cancelled-while-pending", "fulfill-order", pending_paths.cancelled_while_pending),
    Path("fulfill-refund-pending", "fulfill-order", pending_paths.undone_by_a_pending_refund),
    Path("fulfill-settled-elsewhere", "fulfill-order", pending_paths.settled_elsewhere),
    Path("refund-pending", "refund-order", pending_paths.refund_pending),
    Path("refund-pending-failed", "refund-order", pending_paths.refund_pending_then_failed),
    Path("refund-refused", "refund-order", pending_paths.refund_refused),
    Path("refund-withdrawn", "refund-order", pending_paths.refund_withdrawn),
    Path("fulfill-payment-given", "fulfill-order", payment_paths.given(), WAITS),
    Path(
        "fulfill-payment-deadline-passed",
        "fulfill-order",
        payment_paths.deadline_passed,
        {"payment_deadline": timedelta(minutes=10)},
    ),
    Path("webhooks-delivered", "deliver-webhooks", webhook_paths.delivered),
    Path("webhooks-parked", "deliver-webhooks", webhook_paths.parked),
    Path("webhooks-gone", "deliver-webhooks", webhook_paths.gone),
)

# On a server that suggests soon to continue as new.
CONTINUED = (
    Path("fulfill-failing-for-long", "fulfill-order", failing_paths.failing("charge-payment", long=True)),
    Path("fulfill-undoing-for-long", "fulfill-order", failing_paths.undoing_fails()),
    Path("fulfill-cancelled-for-long", "fulfill-order", failing_paths.undoing_fails(cancel=True)),
    Path("fulfill-payment-awaited-for-long", "fulfill-order", payment_paths.given(long=True), WAITS),
    Path("fulfill-held-for-long", "fulfill-order", failing_paths.held(long=True)),
    Path("refund-failing-for-long", "refund-order", failing_paths.refund_fails("return-payment", long=True)),
    Path(
        "validate-failing-for-long",
        "validate-order",
        failing_paths.failing("confirm", "validate-order", long=True),
    ),
    Path(
        "notify-failing-for-long",
        "notify-shipment",
        failing_paths.failing("publish", "notify-shipment", long=True),
    ),
)
