"""The documented way to change a workflow, `workflow.patched`: running workflows replay, new ones take the new path."""

import uuid

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.testing import TimeSkipper
from temporalio.worker import Replayer, Worker
from temporalio.workflow import NondeterminismError

from tests.replay.patching_workflows import Before, ChangedWithoutCare, Patched


@activity.defn(name="new-step")
async def new_step() -> None:
    """Step that the change adds."""


async def ran(client: Client, workflow: type) -> tuple[str, WorkflowHistory]:
    """The workflow's answer and history, run under this code."""
    queue = uuid.uuid4().hex
    skipping = TimeSkipper(client).client
    async with Worker(skipping, task_queue=queue, workflows=[workflow], activities=[new_step]):
        handle = await skipping.start_workflow("patching-example", id=queue, task_queue=queue, result_type=str)
        return await handle.result(), await handle.fetch_history()


async def test_a_change_without_care_breaks_what_is_under_way(temporal_client: Client) -> None:
    _, history = await ran(temporal_client, Before)
    with pytest.raises(NondeterminismError):
        await Replayer(workflows=[ChangedWithoutCare]).replay_workflow(history)


async def test_a_patched_change_replays_what_is_under_way_and_is_taken_by_what_is_new(temporal_client: Client) -> None:
    _, history = await ran(temporal_client, Before)
    await Replayer(workflows=[Patched]).replay_workflow(history)
    answer, patched = await ran(temporal_client, Patched)
    assert answer == "after"
    await Replayer(workflows=[Patched]).replay_workflow(patched)
