"""What has happened to an order, and its workflows at Temporal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from application.workflows import WorkflowView
from eventstore.model import RecordedEvent
from open_work.open_orders import refund_workflow_id
from orders.events import Event, RefundRequested


@dataclass(frozen=True, slots=True)
class Timeline:
    """An order's events, as recorded and typed, and its workflows; None where Temporal could not be asked."""

    order_id: str
    events: Sequence[tuple[RecordedEvent, Event]]
    workflows: Sequence[WorkflowView] | None

    def cause(self, recorded: RecordedEvent) -> str | None:
        """The event that led to this one: its version in this stream, or its id."""
        causation: str | None = recorded.metadata.get("causationId")
        if causation is None:
            return None
        for other, _ in reversed(self.events):  # it is mostly one of the last
            if str(other.id) == causation:
                return f"#{other.version} {other.type}"
        return causation


def refund_workflows(events: Sequence[tuple[RecordedEvent, Event]]) -> list[str]:
    """The ids of the workflows of the order's refunds."""
    return [refund_workflow_id(event) for _, event in events if isinstance(event, RefundRequested)]


def timeline_document(found: Timeline) -> dict[str, Any]:
    """In wire spelling; `workflows` is null where Temporal could not be asked."""
    return {
        "orderId": found.order_id,
        "events": [event_document(found, recorded, event) for recorded, event in found.events],
        "workflows": None if found.workflows is None else [view.as_json() for view in found.workflows],
    }


def event_document(found: Timeline, recorded: RecordedEvent, event: Event) -> dict[str, Any]:
    """One of its events in wire spelling; summary: its facts in a few words, cause: what led to it."""
    return {
        "version": recorded.version,
        "position": recorded.position,
        "id": str(recorded.id),
        "type": recorded.type,
        "recordedAt": recorded.recorded_at,
        "actor": recorded.metadata.get("actor"),
        "causationId": recorded.metadata.get("causationId"),
        "correlationId": recorded.metadata.get("correlationId"),
        "data": recorded.data,
        "summary": event.summary,
        "cause": found.cause(recorded),
    }
