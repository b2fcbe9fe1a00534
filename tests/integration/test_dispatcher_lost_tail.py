"""A log that has lost its end: Temporal has completed runs for work that the orders' streams do not have."""

from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from eventstore.store import EventStore
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund
from orders.state import Shipped
from orders.topics import TOPICS
from tests.integration.dispatcher_harness import described, dispatching, rewind, run_ids
from tests.integration.lost_tail import lose_tail
from tests.running_system import RunningSystem, new_id, running_system, until

SHIPPED = ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


async def messages_about(store: EventStore, order_id: str) -> dict[str, int]:
    return {
        topic: sum([message.data["subject"] == order_id async for message in store.stream(topic)]) for topic in TOPICS
    }


async def shipped_whole(system: RunningSystem, order_id: str) -> None:
    """Wait until the order is shipped again, with one charge and one label in all."""
    await system.settled(order_id, "shipped", 60)
    assert await system.events(order_id) == SHIPPED
    assert await system.money(order_id) == (30_00, 0)
    assert await system.live_labels(order_id) == 1
    assert await messages_about(system.app.store, order_id) == dict.fromkeys(TOPICS, 1)


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 4])
async def test_an_order_whose_last_events_are_lost_completes_when_it_is_placed_again(
    database_url: str, temporal_client: Client, kept: int
) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        events = [event async for event in system.app.store.stream(f"order-{order_id}")]
        before = await run_ids(system, order_id)
    await lose_tail(database_url, after=events[kept - 1].position if kept else 0)
    async with running_system(database_url, temporal_client) as system:
        await rewind(system.app)
        await system.place(order_id)
        await shipped_whole(system, order_id)
        after = await run_ids(system, order_id)
        again = {name for name in after if after[name] != before[name]}
    assert (
        again
        == {
            0: {"validate-order", "fulfill-order", "notify-shipment"},
            1: {"validate-order", "fulfill-order", "notify-shipment"},
            2: {"fulfill-order", "notify-shipment"},
            3: {"fulfill-order", "notify-shipment"},
            4: {"notify-shipment"},
        }[kept]
    )


async def positions(system: RunningSystem, order_id: str) -> list[int]:
    """Positions of the order's events."""
    return [event.position async for event in system.app.store.stream(f"order-{order_id}")]


async def test_a_requested_refund_whose_record_is_lost_is_recorded_again_and_made_once(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        await system.handle(order_id, RequestRefund(order_id, "r-1", 5_00, "one is broken"))
        await refunded(system, order_id)
        requested = (await positions(system, order_id))[-2]
    await lose_tail(database_url, after=requested)
    async with running_system(database_url, temporal_client) as system:
        await rewind(system.app)
        await refunded(system, order_id)
        assert await system.money(order_id) == (30_00, 5_00)


async def refunded(system: RunningSystem, order_id: str) -> None:
    async def recorded() -> bool:
        state = await system.state(order_id)
        return isinstance(state, Shipped) and state.made("r-1") is not None

    await until(recorded, f"the refund of {order_id} is recorded")


async def test_an_order_that_is_cancelled_after_its_shipment_was_lost_is_undone(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        confirmed = (await positions(system, order_id))[1]
    await lose_tail(database_url, after=confirmed)
    async with running_system(database_url, temporal_client) as system:
        await system.cancel(order_id)

        async def undone() -> bool:
            return await system.money(order_id) == (30_00, 30_00) and await system.live_labels(order_id) == 0

        await until(undone, f"the money of {order_id} is back and its label void")
        await system.settled(order_id, "cancelled")
        assert await system.available("TEA-1") == 10


async def test_a_held_order_is_started_when_it_is_released(database_url: str, temporal_client: Client) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        confirmed = (await positions(system, order_id))[1]
        before = await run_ids(system, order_id)
    await lose_tail(database_url, after=confirmed)
    async with dispatching(database_url, temporal_client) as given:
        await given.system.handle(order_id, HoldOrder(order_id, "looks odd"))
        await given.restart()
        assert (await described(given.system, order_id))["fulfill-order"].status == WorkflowExecutionStatus.COMPLETED
        assert await given.run_ids(order_id) == before
    async with running_system(database_url, temporal_client) as system:
        await system.handle(order_id, ReleaseOrder(order_id))
        await system.settled(order_id, "shipped")
        assert await system.money(order_id) == (30_00, 0)


async def test_an_order_whose_run_failed_because_the_log_had_lost_it_completes_when_it_is_placed_again(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.starter.CLOCKS_DIFFER", timedelta(0))
    queue = f"test-{new_id()}"
    order_id = await paid_and_waiting(database_url, temporal_client, queue)
    await lose_tail(database_url, after=0)
    async with running_system(database_url, temporal_client, task_queue=queue) as system:
        await system.faults.clear()
        await rewind(system.app)

        async def failed() -> bool:
            return (await described(system, order_id))["fulfill-order"].status == WorkflowExecutionStatus.FAILED

        await until(failed, f"the run of {order_id} has failed", 120)
        await system.place(order_id)
        await shipped_whole(system, order_id)


async def paid_and_waiting(database_url: str, client: Client, queue: str) -> str:
    """Paid order whose worker stopped during the request for its label."""
    async with running_system(database_url, client, task_queue=queue) as system:
        await system.stock(TEA_1=10)
        await system.faults.set("shipping.create", "unavailable", delay_seconds=1)
        order_id = await system.place()
        await until(lambda: is_paid(system, order_id), f"{order_id} is paid", 60)
        return order_id


async def is_paid(system: RunningSystem, order_id: str) -> bool:
    return (await system.state(order_id)).status == "paid"
