"""`temporal workflow reset`, to a workflow task of the test's choice."""

import uuid
from collections.abc import Sequence

from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.enums.v1 import EventType, ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHistory

WITHOUT_SIGNALS = (ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,)


def points(history: WorkflowHistory) -> list[int]:
    """Events that a run can be reset to."""
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return [event.event_id for event in history.events if event.event_type == completed]


async def reset(
    client: Client,
    workflow_id: str,
    run_id: str,
    event_id: int,
    *,
    without: Sequence[ResetReapplyExcludeType.ValueType] = (),
) -> str:
    """Reset a run; returns the id of the new run. `without`: kinds of later events that are not reapplied."""
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=ExecutionId(workflow_id=workflow_id, run_id=run_id),
            reason="by the test",
            workflow_task_finish_event_id=event_id,
            request_id=uuid.uuid4().hex,
            reset_reapply_exclude_types=without,
        )
    )
    return answer.run_id
