"""`orders timeline`: what has happened to an order, and its workflows at Temporal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from temporalio.service import RPCError

from audit.open_orders import refund_workflow_id
from bootstrap import App
from cli.arguments import AsJson, OrderId
from cli.event_facts import event_facts
from cli.failures import TemporalUnreachable, explain
from cli.output import moment, say, show, show_json, status_text, table, visible
from cli.running import execute, opened, temporal
from cli.workflows import WorkflowView, order_workflows
from eventstore.model import RecordedEvent
from orders.errors import OrderNotFound
from orders.events import Event, RefundRequested
from orders.ids import stream_name
from settings import Settings


@dataclass(frozen=True, slots=True)
class Timeline:
    """An order's events, as recorded and typed, and its workflows; None where Temporal could not be asked."""

    order_id: str
    events: Sequence[tuple[RecordedEvent, Event]]
    workflows: Sequence[WorkflowView] | None

    def cause(self, recorded: RecordedEvent) -> str | None:
        """The event that led to this one: its version in this stream, or its id."""
        causation = recorded.metadata.get("causationId")
        for other, _ in self.events:
            if str(other.id) == causation:
                return f"#{other.version} {other.type}"
        return causation


def timeline(order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order's events with who acted and why, and its workflows with links to the Temporal Web UI."""

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            events = await load_events(app, order_id)
        found = Timeline(order_id, events, await _workflows(settings, order_id, events))
        if as_json:
            show_json(as_document(found))
        else:
            show(*render_timeline(found))

    execute(command)


async def load_events(app: App, order_id: str) -> list[tuple[RecordedEvent, Event]]:
    """The order's events. Raises OrderNotFound, and what the codec raises."""
    events = [(recorded, app.codec.decode(recorded)) async for recorded in app.store.stream(stream_name(order_id))]
    if not events:
        raise OrderNotFound(order_id)
    return events


async def _workflows(
    settings: Settings, order_id: str, events: Sequence[tuple[RecordedEvent, Event]]
) -> list[WorkflowView] | None:
    """None, and the reason on standard error, where Temporal does not answer: the events are true without it."""
    try:
        refunds = [refund_workflow_id(event) for _, event in events if isinstance(event, RefundRequested)]
        return await order_workflows(await temporal(settings), settings, order_id, refunds)
    except (TemporalUnreachable, RPCError) as error:
        say(f"without workflows: {explain(error, settings)}")
        return None


def as_document(found: Timeline) -> dict[str, Any]:
    """In wire spelling; `workflows` is null where Temporal could not be asked."""
    return {
        "orderId": found.order_id,
        "events": [_event_document(recorded) for recorded, _ in found.events],
        "workflows": None if found.workflows is None else [view.as_json() for view in found.workflows],
    }


def _event_document(recorded: RecordedEvent) -> dict[str, Any]:
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
    }


def render_timeline(found: Timeline) -> Iterator[RenderableType]:
    """The timeline for people: the events, then the workflows where they are known."""
    yield table("#", "recorded", "event", "by", "because of", "", rows=_event_rows(found), right=("#",))
    if found.workflows is not None:
        yield Text("")
        yield table("workflow", "status", "started", "ended", rows=map(_workflow_row, found.workflows))
        yield from (Text(view.url, style=f"dim link {view.url}") for view in found.workflows if view.url)


def _event_rows(found: Timeline) -> Iterator[tuple[object, ...]]:
    for recorded, event in found.events:
        status = status_text(recorded.type.removeprefix("order.").replace("_", " "))
        facts = visible(event_facts(event))
        time = moment(recorded.recorded_at)
        yield recorded.version, time, status, recorded.metadata.get("actor"), found.cause(recorded), facts


def _workflow_row(view: WorkflowView) -> tuple[object, ...]:
    status = f"{view.status}, needs attention" if view.needs_attention else view.status
    colour = {"failed": "red", "running": "cyan", "completed": "green"}.get(view.status, "")
    return view.type, Text(status, style="bold red" if view.needs_attention else colour), view.started, view.ended
