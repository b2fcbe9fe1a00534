"""The worker's process: graceful stop, shared work, and replacement after a crash."""

import asyncio
import time

import asyncpg

from dispatcher.dispatcher import NAME as DISPATCHER
from projections import PROJECTIONS
from tests.end_to_end.worker_process import Fleet, WorkerProcess
from tests.integration.event_store_harness import connected, lease_holders
from tests.running_system import until

TAKE_OVER = 5.0  # seconds
SHARED = ([[*range(8)], [*range(8, 16)]], [[*range(8, 16)], [*range(8)]])
CONSUMERS = [*(projection.name for projection in PROJECTIONS), "webhooks"]


async def test_a_stop_lets_the_charge_in_flight_finish_and_is_a_success(fleet: Fleet) -> None:
    system = fleet.system
    worker = await fleet.start()
    await system.faults.set("payment.charge", "hang", remaining=1, delay_seconds=2)
    order_id = await system.place()
    await fleet.step_is_in_progress(order_id, "charge-payment")
    assert await fleet.count("charges", order_id) == 0
    begun = time.monotonic()
    assert await worker.stop() == 0
    assert time.monotonic() - begun < 10
    assert worker.logged("stopped")
    assert await system.money(order_id) == (30_00, 0)
    assert "charge-payment" in await system.steps(order_id)  # Temporal has received its end
    await fleet.start()
    await system.settled(order_id, "shipped")
    assert await system.money(order_id) == (30_00, 0)


async def test_a_step_that_outlasts_the_grace_time_does_not_hold_up_the_stop(fleet: Fleet) -> None:
    system = fleet.system
    worker = await fleet.start(ORDERS_SHUTDOWN_SECONDS="1")
    await system.faults.set("payment.charge", "hang", remaining=1, delay_seconds=600)
    order_id = await system.place()
    await fleet.step_is_in_progress(order_id, "charge-payment")
    begun = time.monotonic()
    assert await worker.stop() == 0
    assert 1 <= time.monotonic() - begun < 8
    assert await fleet.count("charges", order_id) == 0


async def test_roles_in_processes_of_their_own_take_an_order_to_its_end(fleet: Fleet) -> None:
    system = fleet.system
    only_dispatcher = await fleet.start("dispatcher")
    order_id = await system.place()
    await until(system.dispatched, "the order is dispatched")
    assert await system.running(order_id) == ["validate-order"]
    assert (await system.state(order_id)).status == "placed"
    assert not only_dispatcher.logged("consumer owned", consumer="order-dashboard")
    only_worker = await fleet.start("worker")
    await system.settled(order_id, "shipped")
    assert not only_worker.logged("consumer owned")
    assert await system.app.pool.fetchval("select count(*) from projections.order_dashboard") == 0


async def test_two_processes_with_all_roles_do_nothing_twice_and_the_second_takes_over_from_the_first(
    fleet: Fleet, database_url: str
) -> None:
    system = fleet.system
    first, second = await asyncio.gather(fleet.start(), fleet.start())
    order_ids = [await system.place(quantity=1) for _ in range(10)]
    for order_id in order_ids:
        await system.settled(order_id, "shipped")
    await each_once(fleet, order_ids)

    async with connected(database_url) as observer:
        before = await holders(observer)
        owned = [each.logged("consumer owned") for each in (first, second)]
        assert sorted(line["consumer"] for lines in owned for line in lines) == sorted(CONSUMERS)
        assert len(await lease_holders(observer, DISPATCHER)) == 2
        assert [each.logged("lanes owned")[-1]["lanes"] for each in (first, second)] in SHARED
        owner = max((first, second), key=lambda each: len(each.logged("consumer owned")))
        await took_over(observer, owner, before)
    later = [await system.place(quantity=1) for _ in range(4)]
    for order_id in later:
        await system.settled(order_id, "shipped")
    await each_once(fleet, [*order_ids, *later])


async def each_once(fleet: Fleet, order_ids: list[str]) -> None:
    for order_id in order_ids:
        assert await fleet.count("charges", order_id) == await fleet.count("labels", order_id) == 1
        assert await fleet.system.events(order_id) == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]
    for topic in ("analytics.revenue", "notifications.shipment"):
        assert sorted(await fleet.published(topic)) == sorted(order_ids)
    assert await fleet.system.available("TEA-1") == 500 - len(order_ids)


async def holders(observer: asyncpg.Connection) -> dict[str, list[int]]:
    """Database sessions that own each consumer: one each."""
    owners = {name: await lease_holders(observer, name) for name in CONSUMERS}
    assert all(len(sessions) == 1 for sessions in owners.values())
    return owners


async def took_over(observer: asyncpg.Connection, owner: WorkerProcess, before: dict[str, list[int]]) -> None:
    """Kill the owner, and wait until another process owns its consumers."""
    lost = [line["consumer"] for line in owner.logged("consumer owned")]
    await owner.kill()

    async def taken() -> bool:
        now = {name: await lease_holders(observer, name) for name in lost}
        return all(now[name] and now[name] != before[name] for name in lost)

    await until(taken, f"{lost} are taken over", seconds=TAKE_OVER)
