"""Workflows run in Temporal's sandbox, except the conversion of their payloads.

Our own modules pass through it: tests/unit/test_determinism.py checks them.
"""

import uuid

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import WorkflowSerializationContext
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError

from temporal import workflow_runner
from tests.workflow.clock_workflow import ReadsTheClock


async def test_a_workflow_of_a_module_that_does_not_pass_through_is_stopped_when_it_reads_the_clock(
    temporal_client: Client,
) -> None:
    queue = f"clock-{uuid.uuid4().hex[:8]}"
    async with Worker(
        temporal_client,
        task_queue=queue,
        workflows=[ReadsTheClock],
        workflow_runner=workflow_runner(),
        workflow_failure_exception_types=[RestrictedWorkflowAccessError],
    ):
        with pytest.raises(WorkflowFailureError) as stopped:
            await temporal_client.execute_workflow(ReadsTheClock.run, id=queue, task_queue=queue)
    assert "time.time" in str(stopped.value.cause)


def test_our_converter_is_the_same_in_every_context() -> None:
    """workflows.sandbox.Sandbox passes no context to the converter. A converter that encrypts, stores payloads elsewhere or
    reads the context needs it."""
    converter = pydantic_data_converter
    assert converter.payload_codec is None
    assert converter.external_storage is None
    assert converter.with_context(WorkflowSerializationContext(namespace="default", workflow_id="w")) is converter
