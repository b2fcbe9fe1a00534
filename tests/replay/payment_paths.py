"""Paths through fulfill-order of an order that waits after a decline."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateways.simulated.payment import SimulatedPaymentGateway
from orders.payment_attempts import GivePaymentMethod
from tests.replay.failing_paths import continued
from tests.running_system import RunningSystem, until
from tests.workflow.steering import Steering

Drive = Callable[[RunningSystem, Steering], Awaitable[str]]
_DECLINED = 90_00


def given(*, long: bool = False) -> Drive:
    """Another means of payment, after two declines. long: until the run has continued as new."""

    async def drive(system: RunningSystem, steering: Steering) -> str:
        order_id = await system.place(unit_price=_DECLINED)
        await waits(system, order_id, 1)
        await continued(system, "fulfill-order", order_id, long)
        await system.handle(order_id, GivePaymentMethod(order_id, "pm_2"))
        await waits(system, order_id, 2)
        accept_everything(system)
        await system.handle(order_id, GivePaymentMethod(order_id, "pm_3"))
        await system.settled(order_id, "shipped", seconds=60)
        return order_id

    return drive


async def deadline_passed(system: RunningSystem, steering: Steering) -> str:
    order_id = await system.place(unit_price=_DECLINED)
    await system.settled(order_id, "cancelled", seconds=60)
    return order_id


async def waits(system: RunningSystem, order_id: str, attempt: int) -> None:
    """Wait until the order waits for another means of payment after this attempt."""

    async def shown() -> bool:
        awaited = (await system.state(order_id)).awaited
        if awaited is None or awaited.attempt != attempt:
            return False
        return "The payment failed" in await system.current_details(order_id)

    await until(shown, f"{order_id} waits for its payment after attempt {attempt}")


def accept_everything(system: RunningSystem) -> None:
    """Remove the simulated gateway's limit for attempts from now on."""
    gateway = system.app.payments
    assert isinstance(gateway, SimulatedPaymentGateway)
    gateway._settings = replace(gateway._settings, decline_above=None)
