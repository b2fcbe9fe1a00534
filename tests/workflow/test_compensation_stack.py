"""The compensation stack alone, in the test's own workflows on the real server."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pydantic import TypeAdapter
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
    handle = await start(client, Unwinding.run, ["a", "b", "c"], {}, {})
    undone = [f"{name} {what}" for name in "cba" for what in ("undone", "calm")]
    assert await handle.result() == ["pending: c, b, a", *undone, "pending: "]


async def test_a_failing_compensation_is_set_aside_until_those_below_it_are_done(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b", "c"], {"b": 2}, {})
    assert await handle.result() == [
        "pending: c, b, a",
        *("c undone", "c calm", "b failed: not now", "a undone", "a calm"),
        *("b failed: not now", "b undone", "b calm", "pending: "),
    ]


async def test_what_others_have_yet_to_decide_is_looked_at_with_pauses_that_grow_to_a_day(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b"], {}, {"b": [None] * 14})
    output = await handle.result()
    assert output[:5] == ["pending: b, a", output[1], "b calm", "a undone", "a calm"]
    assert output[-3:] == ["b undone", "b calm", "pending: "]
    looks = [moment(line) for line in output if "put off" in line]
    pauses = [round((after - before).total_seconds() / 60) for before, after in pairwise(looks)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]


def moment(line: str) -> timedelta:
    return TypeAdapter(timedelta).validate_python(line.rpartition(" at ")[2].replace(" day, ", " days, "))


async def test_a_refusal_to_undo_is_trouble_until_it_is_no_longer_refused(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b"], {}, {"b": ["no", "never", None]})
    shown = [line for line in await handle.result() if "put off" not in line]
    assert shown == [
        "pending: b, a",
        *("b failed: UndoRefused: no", "a undone", "a calm", "b failed: UndoRefused: never", "b calm"),
        *("b undone", "b calm", "pending: "),
    ]


async def test_a_name_pushed_twice_keeps_its_place_and_runs_once(client: Client) -> None:
    handle = await start(client, Unwinding.run, ["a", "b", "a"], {}, {})
    assert await handle.result() == ["pending: b, a", "b undone", "b calm", "a undone", "a calm", "pending: "]


async def test_an_empty_stack_unwinds_to_nothing(client: Client) -> None:
    handle = await start(client, Unwinding.run, [], {}, {})
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

    async def cancellation_received() -> bool:
        return await handle.query(Shielded.lines) == ["cancel requested"]

    await until(cancellation_received, "the cancellation was received")
    await handle.signal(Shielded.end)
    assert await handle.result() == ["cancel requested", "work done"]
