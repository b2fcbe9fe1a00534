"""Standstill of a running workflow: its cause, read from Temporal's description and history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecutionDescription

from open_work.history import local_step, local_step_name

RPC_LIMIT: Final = timedelta(seconds=5)
# Events. The timer that a run waits for is among its last events, however many signals came since.
_RECENT: Final = 200
# A workflow task mostly fails once because its worker was stopped; Temporal retries it within seconds.
_ATTEMPTS: Final = 3
# A database step takes milliseconds. While it is retried the worker renews the workflow task, every eight seconds.
_STEP_TAKES: Final = timedelta(seconds=20)
# In a burst of orders the last one waited for half of this until a worker took it.
_TAKEN_WITHIN: Final = timedelta(minutes=5)
TASK: Final = "workflow task"


@dataclass(frozen=True, slots=True)
class Standstill:
    """A running workflow that makes no progress.

    kind: failing, it continues by itself once the cause is gone; stalled, it does not. since, next_retry: UTC, None if
    unknown.
    """

    kind: Literal["failing", "stalled"]
    step: str
    error: str
    since: datetime | None = None
    next_retry: datetime | None = None


async def standstill(client: Client, found: WorkflowExecutionDescription) -> Standstill | None:
    """None if the workflow makes progress or waits for a timer. The history is read only where no activity is pending, or the
    workflow task is retried."""
    description = found.raw_description
    if description.HasField("pending_workflow_task"):
        return await _of_task(client, found, description.pending_workflow_task)
    if description.pending_activities:
        return next(filter(None, map(_of_activity, description.pending_activities)), None)
    recent = await recent_events(client, found)
    if not recent or recent[0].event_id != description.workflow_execution_info.history_length:
        return None  # it has made progress between the two reads
    return None if pending_timer(recent) else _stalled(found, recent[0])


async def recent_events(client: Client, found: WorkflowExecutionDescription) -> Sequence[HistoryEvent]:
    """Last events of the history, the latest first."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=ExecutionId(workflow_id=found.id, run_id=found.run_id or ""),
        maximum_page_size=_RECENT,
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(request, timeout=RPC_LIMIT)
    return answer.history.events


def pending_timer(recent: Iterable[HistoryEvent]) -> datetime | None:
    """End of the timer started last that has neither fired nor been cancelled. recent: the latest first."""
    ended: set[int] = set()
    for event in recent:
        if event.HasField("timer_fired_event_attributes"):
            ended.add(event.timer_fired_event_attributes.started_event_id)
        elif event.HasField("timer_canceled_event_attributes"):
            ended.add(event.timer_canceled_event_attributes.started_event_id)
        elif event.HasField("timer_started_event_attributes") and event.event_id not in ended:
            length = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            return _time(event.event_time) + length
    return None


def _stalled(found: WorkflowExecutionDescription, last: HistoryEvent) -> Standstill:
    order_id = found.id.removeprefix(f"{found.workflow_type}-").partition("/")[0]
    error = f"waits for a signal that does not come: `orders retry {order_id}`"
    return Standstill("stalled", found.workflow_type, error, _time(last.event_time))


def _of_activity(activity: PendingActivityInfo) -> Standstill | None:
    step = activity.activity_type.name
    if activity.paused:
        return Standstill("stalled", step, "is paused in Temporal: unpause the activity there")
    due = (
        activity.next_attempt_schedule_time
        if activity.HasField("next_attempt_schedule_time")
        else activity.scheduled_time
    )
    waits = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    return _not_taken(step, due) if waits else None


async def _of_task(
    client: Client, found: WorkflowExecutionDescription, task: PendingWorkflowTaskInfo
) -> Standstill | None:
    renewed = task.scheduled_time.ToDatetime(UTC) - task.original_scheduled_time.ToDatetime(UTC)
    if task.attempt >= _ATTEMPTS:
        return _failing_task(await recent_events(client, found), task)
    if renewed >= _STEP_TAKES:
        return _retried_step(await recent_events(client, found), task)
    if task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED:
        return _not_taken(TASK, task.scheduled_time)
    return None


def _failing_task(recent: Iterable[HistoryEvent], task: PendingWorkflowTaskInfo) -> Standstill:
    """Only the first of the attempts that fail one after another is in the history."""
    due = _time(task.scheduled_time)
    next_retry = due if due > datetime.now(UTC) else None
    for event in recent:
        if event.HasField("workflow_task_failed_event_attributes"):
            error = event.workflow_task_failed_event_attributes.failure.message or "no message"
            return Standstill("failing", TASK, error, _time(event.event_time), next_retry)
        if event.HasField("workflow_task_timed_out_event_attributes"):
            error = "times out: the worker that had it was killed, or is blocked"
            return Standstill("failing", TASK, error, _time(event.event_time), next_retry)
    return Standstill("failing", TASK, "not known", next_retry=next_retry)


def _retried_step(recent: Iterable[HistoryEvent], task: PendingWorkflowTaskInfo) -> Standstill:
    """A step is in the history only after a round of attempts: then the last step there is the one that failed."""
    step, error = TASK, "a database step is tried again and again: its error is in the worker's log"
    last = next(filter(None, map(local_step, recent)), None)
    if last and last.HasField("failure") and not last.failure.application_failure_info.non_retryable:
        step, error = local_step_name(last), last.failure.message
    return Standstill("failing", step, error, _time(task.original_scheduled_time))


def _not_taken(step: str, due: Timestamp) -> Standstill | None:
    since = _time(due)
    if datetime.now(UTC) - since < _TAKEN_WITHIN:
        return None
    return Standstill("failing", step, "no worker takes it: is one running?", since)


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
