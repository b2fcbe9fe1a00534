"""An order's events, and its workflows at Temporal."""

from collections.abc import Sequence
from dataclasses import dataclass

from application import documents
from application.workflows import WorkflowView
from eventstore.model import RecordedEvent
from inventory.adjustments import Adjustment
from orders.events import Event, RefundRequested
from orders.names import workflow_id
from workflows.model import REFUND_ORDER


@dataclass(frozen=True, slots=True)
class Timeline:
    """An order's events, as recorded and typed, its workflows, None where Temporal did not respond, and its restocks, which are
    entries of the inventory and no events."""

    order_id: str
    events: Sequence[tuple[RecordedEvent, Event]]
    workflows: Sequence[WorkflowView] | None
    restocks: Sequence[Adjustment] = ()

    def cause(self, recorded: RecordedEvent) -> str | None:
        """Return the event that caused this one: its version in this stream, or its id."""
        causation: str | None = recorded.metadata.get("causationId")
        if causation is None:
            return None
        for earlier, _ in reversed(self.events):  # it is mostly one of the last
            if str(earlier.id) == causation:
                return f"#{earlier.version} {earlier.type}"
        return causation


def refund_workflows(events: Sequence[tuple[RecordedEvent, Event]]) -> list[str]:
    """Return the ids of the workflows of the order's refunds."""
    requested = (event for _, event in events if isinstance(event, RefundRequested))
    return [workflow_id(REFUND_ORDER, event.order_id, event.refund_id) for event in requested]


def timeline_document(found: Timeline) -> documents.Timeline:
    workflows = found.workflows
    return documents.Timeline(
        order_id=found.order_id,
        events=[event_document(found, recorded, event) for recorded, event in found.events],
        workflows=None if workflows is None else [documents.Workflow.model_validate(view) for view in workflows],
        restocks=[_restock(entry) for entry in found.restocks],
    )


def _restock(entry: Adjustment) -> documents.TimelineRestock:
    return documents.TimelineRestock(
        id=entry.id,
        sku=entry.sku,
        units=entry.change,
        refund_id=entry.refund_id or "",
        reason=entry.reason,
        actor=entry.actor,
        at=entry.at,
    )


def event_document(found: Timeline, recorded: RecordedEvent, event: Event) -> documents.TimelineEvent:
    return documents.TimelineEvent(
        version=recorded.version,
        position=recorded.position,
        id=str(recorded.id),
        type=recorded.type,
        recorded_at=recorded.recorded_at,
        actor=recorded.metadata.get("actor"),
        causation_id=recorded.metadata.get("causationId"),
        correlation_id=recorded.metadata.get("correlationId"),
        data=recorded.data,
        summary=event.summary,
        cause=found.cause(recorded),
    )
