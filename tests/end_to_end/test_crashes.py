"""kill -9 of the worker at the worst moments: every effect happens once, and the order completes."""

import time
from typing import Any, Literal

import pytest

from tests.end_to_end.worker_process import Fleet
from tests.running_system import until

REFUSED: dict[str, Any] = {
    "quantity": 101,
    "unit_price": 1,
}  # more units than the carrier takes: undone after the charge
RETRY_AFTER = 6.0  # seconds between the lost reply and the next attempt, in which the kill falls
LONG = 600.0
# Seconds after the restart. Temporal is not notified of a call that died with its worker: it waits for the step's time-out.
GOES_ON_WITHIN = {"lost_reply": 10.0, "hang": 12.0}


async def charged(fleet: Fleet, fault: Literal["lost_reply", "hang"]) -> str:
    """Order whose charge was requested, without an answer."""
    await fleet.system.faults.set("payment.charge", fault, remaining=1, delay_seconds=_delay(fault))
    order_id = await fleet.system.place()
    await _drawn(fleet, "payment.charge")
    return order_id


async def labelled(fleet: Fleet, fault: Literal["lost_reply", "hang"]) -> str:
    """Order whose label was requested, without an answer."""
    await fleet.system.faults.set("shipping.create", fault, remaining=1, delay_seconds=_delay(fault))
    order_id = await fleet.system.place()
    await _drawn(fleet, "shipping.create")
    return order_id


async def undoing(fleet: Fleet, fault: Literal["lost_reply", "hang"]) -> str:
    """Order whose refund was requested, without an answer."""
    await fleet.system.faults.set("payment.void", fault, remaining=1, delay_seconds=_delay(fault))
    order_id = await fleet.system.place(**REFUSED)
    await _drawn(fleet, "payment.void")
    return order_id


def _delay(fault: str) -> float:
    return RETRY_AFTER if fault == "lost_reply" else LONG


async def _drawn(fleet: Fleet, operation: str) -> None:
    async def drawn() -> bool:
        left = await fleet.system.app.pool.fetchval(
            "select remaining from simulated.faults where operation = $1", operation
        )
        return bool(left == 0)

    await until(drawn, f"{operation} has met its fault")


@pytest.mark.parametrize("fault", ["lost_reply", "hang"])
async def test_a_worker_killed_at_a_gateway_takes_money_once_ships_once_and_gives_back_once(
    fleet: Fleet, fault: Literal["lost_reply", "hang"]
) -> None:
    system = fleet.system
    worker = await fleet.start()
    refunded, shipped = await undoing(fleet, fault), await labelled(fleet, fault)
    paid = await charged(fleet, fault)
    await worker.kill()

    assert (await system.events(paid))[-1] == "order.confirmed"
    assert (await system.events(shipped))[-1] == "order.paid"
    assert (await system.events(refunded))[-1] == "order.cancelled"
    effects = 1 if fault == "lost_reply" else 0
    assert await fleet.count("charges", paid) == effects
    assert await fleet.count("labels", shipped) == effects
    assert await system.money(refunded) == (101, 101 * effects)

    await fleet.start()
    begun = time.monotonic()
    for order_id in (paid, shipped):
        await until_settled(fleet, order_id, "shipped")
        assert await system.money(order_id) == (30_00, 0)
        assert await fleet.count("charges", order_id) == await fleet.count("labels", order_id) == 1
        assert await system.events(order_id) == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]
    state = await until_settled(fleet, refunded, "cancelled")
    assert time.monotonic() - begun < GOES_ON_WITHIN[fault]
    assert state == "refunded"
    assert await system.money(refunded) == (101, 101)
    assert await system.live_labels(refunded) == 0
    assert (await system.events(refunded))[-3:] == ["order.paid", "order.cancelled", "order.refunded"]
    assert await system.available("TEA-1") == 500 - 2 - 2
    assert sorted(await fleet.published("analytics.revenue")) == sorted([paid, shipped])


async def until_settled(fleet: Fleet, order_id: str, status: str) -> str:
    """Wait for the order's end; its payment state."""

    async def done() -> bool:
        state = await fleet.system.state(order_id)
        ended = state.status == status and await fleet.system.dispatched()
        return ended and not await fleet.system.running(order_id)

    await until(done, f"{order_id} is {status}", seconds=60)
    state = await fleet.system.state(order_id)
    assert state.status in ("shipped", "cancelled")
    return state.payment_state
