"""At-least-once dispatch, made once by Temporal: a repeated dispatch starts no second run."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from eventstore.errors import CheckpointMoved
from orders.events import CancelledBy
from tests.integration.dispatcher_harness import Dispatching, described, dispatching, rewind, run_ids
from tests.running_system import RunningSystem, new_id, running_system, until


@pytest.fixture
async def dispatching_by_hand(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as given:
        yield given


async def runs_of(client: Client, order_id: str) -> list[str]:
    """Every run of every workflow of the order, open or closed."""
    return [run.workflow_type async for run in client.list_workflows(f"OrderId = '{order_id}'")]


async def dispatched_again(system: RunningSystem) -> None:
    """Move a live dispatcher's checkpoint back; at the next event it notices, and reads the log again."""
    await rewind(system.app)
    await system.place()
    await until(system.dispatched, "the log is dispatched once more")


async def test_a_page_dispatched_twice_leaves_the_runs_under_way_alone(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place()
    await given.confirm(order_id)
    await given.dispatcher.step()
    before = await given.run_ids(order_id)
    await given.restart()
    assert set(before) == {"validate-order", "fulfill-order"}
    assert await given.run_ids(order_id) == before
    assert await given.system.dispatched()


async def test_a_log_dispatched_twice_repeats_no_run_that_has_completed(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client, payment_decline_above=100_00) as system:
        await system.stock(TEA_1=10)
        shipped, declined = await system.place(), await system.place(unit_price=90_00)
        await system.settled(shipped, "shipped")
        await system.settled(declined, "cancelled")
        before = [await run_ids(system, order_id) for order_id in (shipped, declined)]
        await dispatched_again(system)
        after = [await run_ids(system, order_id) for order_id in (shipped, declined)]
        assert [set(runs) for runs in before] == [
            {"validate-order", "fulfill-order", "notify-shipment"},
            {"validate-order", "fulfill-order"},
        ]
        assert after == before
        assert await system.money(shipped) == (30_00, 0)
        assert await system.events(shipped) == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


async def test_a_cancellation_seen_again_after_the_order_was_undone_starts_no_other_run(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system:
        order_id = await system.place()
        await system.cancel(order_id)
        await system.settled(order_id, "cancelled")
        before = (await described(system, order_id))["fulfill-order"]
        assert before.status == WorkflowExecutionStatus.COMPLETED
        await dispatched_again(system)
        after = (await described(system, order_id))["fulfill-order"]
        assert (after.run_id, after.status) == (before.run_id, WorkflowExecutionStatus.COMPLETED)


async def test_a_cancellation_starts_a_new_run_after_one_that_was_terminated(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place()
    await given.confirm(order_id)
    await given.dispatcher.step()
    first = (await given.run_ids(order_id))["fulfill-order"]
    await given.system.workflow("fulfill-order", order_id).terminate("by mistake")
    await given.cancel(order_id, CancelledBy.CUSTOMER)
    await given.dispatcher.step()
    second = (await given.described(order_id))["fulfill-order"]
    assert second.run_id != first
    assert second.status == WorkflowExecutionStatus.RUNNING


async def test_a_terminated_run_is_not_started_again_by_the_event_that_started_it(
    dispatching_by_hand: Dispatching,
) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place()
    await given.dispatcher.step()
    before = await given.run_ids(order_id)
    await given.system.workflow("validate-order", order_id).terminate("on purpose")
    await given.restart()
    after = (await given.described(order_id))["validate-order"]
    assert {"validate-order": after.run_id} == before
    assert after.status == WorkflowExecutionStatus.TERMINATED


async def test_two_dispatchers_at_once_start_each_order_once_and_skip_none(
    dispatching_by_hand: Dispatching, temporal_client: Client
) -> None:
    given = dispatching_by_hand
    order_ids = [await given.system.place(new_id()) for _ in range(20)]
    rivals = [given.dispatcher, given.app.dispatcher(temporal_client, eager=False)]
    ends = await asyncio.gather(*(rival.step() for rival in rivals), return_exceptions=True)
    assert [end for end in ends if not isinstance(end, CheckpointMoved)] == [False] * (2 - _moved(ends))

    async def all_seen() -> bool:
        return all([await runs_of(temporal_client, order_id) for order_id in order_ids])

    await until(all_seen, "every start is visible")
    assert [await runs_of(temporal_client, order_id) for order_id in order_ids] == [["validate-order"]] * 20
    assert await given.system.dispatched()


def _moved(ends: list[bool | BaseException]) -> int:
    """Number of dispatchers that found their checkpoint moved by the other: at most one of two."""
    moved = sum(isinstance(end, CheckpointMoved) for end in ends)
    assert moved <= 1
    return moved
