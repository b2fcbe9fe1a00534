"""Unknown outcomes after a worker was killed, or of two workers under faults: one effect or none."""

import asyncio
import contextlib
import random
from typing import Literal

import pytest

from gateways.simulated import Operation
from orders.errors import OrderNotCancellable
from orders.interventions import RequestRefund
from orders.state import Shipped
from tests.end_to_end.worker_process import Fleet
from tests.running_system import new_id, until
from tests.workflow.books import assert_the_books_hold
from workflows.model import REFUND_ORDER

Fault = Literal["lost_reply", "hang"]
RETRY_AFTER = 6.0  # seconds between the lost reply and the next attempt, in which the kill falls
LONG = 600.0
ORDERS = 100
SEED = 20260102
OPERATIONS: list[Operation] = [
    "payment.charge",
    "payment.void",
    "payment.refund",
    "shipping.create",
    "shipping.void",
]


async def fail_once(fleet: Fleet, operation: Operation, fault: Fault) -> None:
    delay = RETRY_AFTER if fault == "lost_reply" else LONG
    await fleet.system.faults.set(operation, fault, remaining=1, delay_seconds=delay)


async def drawn(fleet: Fleet, operation: Operation) -> None:
    async def met() -> bool:
        left = await fleet.system.app.pool.fetchval(
            "select remaining from simulated.faults where operation = $1", operation
        )
        return bool(left == 0)

    await until(met, f"{operation} has met its fault")


async def asked_back(fleet: Fleet, fault: Fault) -> tuple[str, str]:
    """Shipped order with a requested partial refund, which the gateway was asked for, without an answer."""
    order_id, refund_id = await fleet.system.place(), new_id()
    await fleet.system.settled(order_id, "shipped")
    await fail_once(fleet, "payment.refund", fault)
    await fleet.system.handle(order_id, RequestRefund(order_id, refund_id, 10_00, "it arrived late"))
    await drawn(fleet, "payment.refund")
    return order_id, refund_id


async def label_voided(fleet: Fleet, fault: Fault) -> str:
    """Order cancelled when its label was bought and the carrier's answer lost; its void has no answer either."""
    await fleet.system.faults.set("shipping.create", "lost_reply", remaining=1, delay_seconds=2)
    await fail_once(fleet, "shipping.void", fault)
    order_id = await fleet.system.place()
    await drawn(fleet, "shipping.create")
    await fleet.system.cancel(order_id)
    await drawn(fleet, "shipping.void")
    return order_id


@pytest.mark.parametrize("fault", ["lost_reply", "hang"])
async def test_a_worker_killed_while_it_gives_back_or_voids_does_both_once(fleet: Fleet, fault: Fault) -> None:
    system = fleet.system
    worker = await fleet.start()
    refunded, refund_id = await asked_back(fleet, fault)
    voided = await label_voided(fleet, fault)
    await worker.kill()
    done = fault == "lost_reply"
    assert await system.money(refunded) == (30_00, 10_00 if done else 0)
    assert await system.live_labels(voided) == (0 if done else 1)
    assert await system.money(voided) == (30_00, 0)

    await fleet.start()
    await system.settled(voided, "cancelled")
    assert await system.money(voided) == (30_00, 30_00)
    assert await system.live_labels(voided) == 0
    async with asyncio.timeout(30):
        await system.client.get_workflow_handle(f"{REFUND_ORDER}-{refunded}/{refund_id}").result()
    assert await system.money(refunded) == (30_00, 10_00)
    state = await system.state(refunded)
    assert isinstance(state, Shipped)
    assert [refund.amount for refund in state.refunds] == [10_00]
    assert (await system.events(refunded)).count("order.refunded") == 1
    await assert_the_books_hold(system)


async def test_two_processes_with_all_roles_under_faults_and_cancels_do_nothing_twice(fleet: Fleet) -> None:
    system, chance = fleet.system, random.Random(SEED)
    await system.stock(TEA_1=10_000)
    for operation in OPERATIONS:
        await system.faults.set(operation, "lost_reply", probability=0.2)
    await asyncio.gather(fleet.start(), fleet.start())
    order_ids = [await system.place(f"order-{index}", **content(index)) for index in range(ORDERS)]
    await asyncio.gather(*(cancel_sometimes(fleet, order_id, chance.uniform(0, 8)) for order_id in order_ids[::4]))
    for order_id in order_ids:
        await settled(fleet, order_id)
    await assert_the_books_hold(system)
    assert await twice(fleet) == []


def content(index: int) -> dict[str, int]:
    """Content of an order; every fifth is more than the carrier takes: undone after the charge."""
    return {"quantity": 101, "unit_price": 1} if index % 5 == 0 else {"quantity": 1}


async def cancel_sometimes(fleet: Fleet, order_id: str, when: float) -> None:
    """Cancel the order, unless it has shipped by then."""
    await asyncio.sleep(when)
    with contextlib.suppress(OrderNotCancellable):
        await fleet.system.cancel(order_id)


async def settled(fleet: Fleet, order_id: str) -> None:
    async def ended() -> bool:
        state = await fleet.system.state(order_id)
        return state.status in ("shipped", "cancelled") and not await fleet.system.running(order_id)

    await until(ended, f"{order_id} is settled", seconds=60)


async def twice(fleet: Fleet) -> list[str]:
    """Orders with two charges or two labels in the gateways' ledger, or two facts of a kind in the log."""
    rows = await fleet.system.app.pool.fetch(
        """
        select order_id from simulated.charges group by order_id having count(payment_id) > 1
        union select order_id from simulated.labels group by order_id having count(shipment_id) > 1
        union select s.name from eventstore.events e join eventstore.streams s using (stream_id)
            where s.name like 'order-%' group by s.name, e.type having count(*) > 1
        """
    )
    return [row[0] for row in rows]
