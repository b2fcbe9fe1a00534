"""History is a contract: histories of every released version must replay, and contain no personal data.

`make histories` records again (RECORD_HISTORIES=1): only for paths that no released version could have taken.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path as File
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkipper
from temporalio.worker import Replayer

from temporal import WEBHOOK_WORKFLOWS, WORKFLOWS, workflow_runner
from tests.replay.paths import CONTINUED, PATHS, Path
from tests.running_system import CANCEL_REASON, RunningSystem, order_data, running_system
from tests.workflow.steering import Steering

HISTORIES = File(__file__).parent / "histories"
RECORDED = sorted(HISTORIES.glob("*.json"))
RECORDING = os.environ.get("RECORD_HISTORIES") == "1"


def replayer() -> Replayer:
    return Replayer(
        workflows=[*WORKFLOWS, *WEBHOOK_WORKFLOWS],
        data_converter=pydantic_data_converter,
        workflow_runner=workflow_runner(),
    )


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, steering: Steering, path: Path
) -> AsyncIterator[RunningSystem]:
    async with skipping_system(database_url, temporal_client, steering, path) as running:
        yield running


@pytest.fixture
async def hasty(
    database_url: str, hasty_client: Client, steering: Steering, path: Path
) -> AsyncIterator[RunningSystem]:
    async with skipping_system(database_url, hasty_client, steering, path) as running:
        yield running


@asynccontextmanager
async def skipping_system(
    database_url: str, client: Client, steering: Steering, path: Path
) -> AsyncIterator[RunningSystem]:
    limits: dict[str, Any] = {
        "payment_decline_above": 100_00,
        "shipping_unavailable_above": 100,
        "webhooks_allow_private": True,
        **path.settings,
    }
    client = TimeSkipper(client).client
    async with running_system(database_url, client, interceptors=[steering], **limits) as running:
        await running.stock(TEA_1=10)
        yield running


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
async def test_a_fresh_history_replays_and_holds_no_personal_data(
    path: Path, system: RunningSystem, steering: Steering
) -> None:
    order_id = await path.drive(system, steering)
    history = await system.workflow(path.workflow, order_id).fetch_history()
    await replayer().replay_workflow(history)
    assert_no_personal_data(history)
    if RECORDING:
        record(path.name, history)


@pytest.mark.parametrize("path", CONTINUED, ids=lambda path: path.name)
async def test_a_fresh_history_that_continues_as_new_replays_as_does_the_next(
    path: Path, hasty: RunningSystem, steering: Steering
) -> None:
    order_id = await path.drive(hasty, steering)
    last = await hasty.workflow(path.workflow, order_id).fetch_history()
    begun = last.events[0].workflow_execution_started_event_attributes
    assert begun.continued_execution_run_id, "it has continued as new"
    handle = hasty.client.get_workflow_handle(f"{path.workflow}-{order_id}", run_id=begun.first_execution_run_id)
    for name, history in ((path.name, await handle.fetch_history()), (f"{path.name}-continued", last)):
        await replayer().replay_workflow(history)
        assert_no_personal_data(history)
        if RECORDING:
            record(name, history)


def record(name: str, history: WorkflowHistory) -> None:
    """Write a history without the fields that identify the recording machine."""

    def anonymous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key: "recorder" if key == "identity" else value for key, value in pairs if key != "stackTrace"}

    content = json.loads(history.to_json(), object_pairs_hook=anonymous)
    (HISTORIES / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: File) -> None:
    history = WorkflowHistory.from_json(file.stem, file.read_text())  # noqa: ASYNC240 – a small file of our own
    await replayer().replay_workflow(history)
    assert_no_personal_data(history)


def test_every_path_has_a_recorded_history() -> None:
    continued = {name for path in CONTINUED for name in (path.name, f"{path.name}-continued")}
    assert {path.name for path in PATHS} | continued <= {file.stem for file in HISTORIES.glob("*.json")}


def assert_no_personal_data(history: WorkflowHistory) -> None:
    written = b"".join(event.SerializeToString() for event in history.events)
    address = order_data("any")["shippingAddress"]
    personal = [value for key, value in address.items() if key != "country"] + [CANCEL_REASON]
    assert [value for value in personal if str(value).encode() in written] == []
