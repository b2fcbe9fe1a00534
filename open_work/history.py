"""Steps in a workflow's history: activities, and the markers that Temporal's SDK records for local ones."""

import json
from typing import Any

from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes
from temporalio.client import WorkflowHandle


async def completed_steps(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Names of the steps of a run, in the order of their completion."""
    scheduled: dict[int, str] = {}
    steps: list[str] = []
    async for event in handle.fetch_history_events():
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
        elif event.HasField("activity_task_completed_event_attributes"):
            steps.append(scheduled[event.activity_task_completed_event_attributes.scheduled_event_id])
        elif (marker := local_step(event)) and not marker.HasField("failure"):
            steps.append(local_step_name(marker))
    return steps


def local_step(event: HistoryEvent) -> MarkerRecordedEventAttributes | None:
    """The marker of a local activity that completed, or failed for a round of attempts; None for any other event."""
    marker = event.marker_recorded_event_attributes
    return marker if marker.marker_name == "core_local_activity" else None


def local_step_name(marker: MarkerRecordedEventAttributes) -> str:
    return str(json.loads(marker.details["data"].payloads[0].data)["activity_type"])
