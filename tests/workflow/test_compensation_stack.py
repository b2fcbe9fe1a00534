"""The compensation stack by itself, in workflows of the test's own on the real server."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

from tests.running_system import until
from tests.workflow.stack_workflows import Broken, Shielded, Unwinding

QUEUE = "compensation-stack"


@pytest.fixture(scope="module")
async def client(temporal_client: Client) -> AsyncIterator[Client]:
    skipping = TimeSkipper(temporal_client).client
    async with Worker(skipping, task_queue=QUEUE, workflows=[Unwinding, Broken, Shielded]):
        yield skipping


async def start(client: Client, run: Any, *args: Any) -> WorkflowHandle[Any, Any]:
    handle: WorkflowHandle[Any, Any] = await client.start_workflow(
        run, args=args, id=uuid.uuid4().hex, task_queue=QUEUE
    )
    return handle


async def test_compensations_run_in_reverse_order_and_once(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b", "c"], {})
    assert await handle.result() == ["pending: c, b, a", "c undone", "b undone", "a undone", "pending: "]


async def test_a_failing_compensation_holds_up_those_below_it_until_it_succeeds(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b"], {"b": 3})
    assert await handle.result() == ["pending: b, a", *["b failed"] * 3, "b undone", "a undone", "pending: "]


async def test_a_name_pushed_twice_keeps_its_place_and_runs_once(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b", "a"], {})
    assert await handle.result() == ["pending: b, a", "b undone", "a undone", "pending: "]


async def test_an_empty_stack_unwinds_to_nothing(client: Client) -> None:
    handle = await start(client, Unwinding.run, [], {})
    assert await handle.result() == ["pending: ", "pending: "]


async def test_a_bug_leaves_the_run_open_with_the_rest_of_the_stack_in_place(client: Client) -> None:
    handle = await start(client, Broken.run)

    async def task_failed() -> bool:
        history = await handle.fetch_history()
        return any(e.HasField("workflow_task_failed_event_attributes") for e in history.events)

    await until(task_failed, "the workflow task has failed")
    assert (await handle.describe()).status is not None
    assert (await handle.describe()).close_time is None
    await handle.terminate("the test is over")


async def test_uninterrupted_work_ends_before_the_cancellation_counts(client: Client) -> None:
    handle = await start(client, Shielded.run)
    await handle.cancel()

    async def heard() -> bool:
        return await handle.query(Shielded.heard) == ["cancel heard"]

    await until(heard, "the cancellation has been heard")
    await handle.signal(Shielded.end)
    assert await handle.result() == ["cancel heard", "work done"]
