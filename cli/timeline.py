"""`orders timeline`: an order's events, and its workflows at Temporal."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text
from temporalio.service import RPCError

from application.timeline import Timeline, refund_workflows, timeline_document
from application.workflows import WorkflowView, order_workflows
from cli.arguments import AsJson, OrderId
from cli.failures import explain
from cli.output import moment, note, show, show_json, status_text, table, visible
from cli.running import executed, opened, temporal
from eventstore.model import RecordedEvent
from order_streams import load_events
from orders.events import Event
from settings import Settings
from temporal import TemporalUnreachable


@executed()
async def timeline(settings: Settings, order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order's events with actor and cause, and its workflows with links to the Temporal Web UI."""
    async with opened(settings) as app:
        events = await load_events(app.orders, order_id)
        restocks = await app.adjustments.of_order(order_id)
    found = Timeline(order_id, events, await _workflows(settings, order_id, events), restocks)
    if as_json:
        show_json(timeline_document(found))
    else:
        show(*render_timeline(found))


async def _workflows(
    settings: Settings, order_id: str, events: Sequence[tuple[RecordedEvent, Event]]
) -> list[WorkflowView] | None:
    """Return None, with the reason on standard error, where Temporal does not respond: the events are complete without it."""
    try:
        return await order_workflows(await temporal(settings), settings, order_id, refund_workflows(events))
    except (TemporalUnreachable, RPCError) as error:
        note(f"without workflows: {explain(error, settings)}")
        return None


def render_timeline(found: Timeline) -> Iterator[RenderableType]:
    """Render the timeline as text: the events, the restocks, then the workflows where they are known."""
    yield table("#", "recorded", "event", "by", "because of", "", rows=_event_rows(found), right=("#",))
    if found.restocks:
        yield Text("")
        yield table("restocked", "units", "sku", "by", "refund", "reason", rows=_restock_rows(found), right=("units",))
    if found.workflows is not None:
        yield Text("")
        yield table("workflow", "status", "started", "ended", rows=map(_workflow_row, found.workflows))
        yield from (Text(view.url, style=f"dim link {view.url}") for view in found.workflows if view.url)


def _event_rows(found: Timeline) -> Iterator[tuple[object, ...]]:
    for recorded, event in found.events:
        status = status_text(recorded.type.removeprefix("order.").replace("_", " "))
        facts = visible(event.summary)
        time = moment(recorded.recorded_at)
        yield recorded.version, time, status, recorded.metadata.get("actor"), found.cause(recorded), facts


def _restock_rows(found: Timeline) -> Iterator[tuple[object, ...]]:
    for each in found.restocks:
        yield each.at, f"{each.change:+,}", each.sku, each.actor, each.refund_id, each.reason


def _workflow_row(view: WorkflowView) -> tuple[object, ...]:
    status = f"{view.status}, needs attention" if view.needs_attention else view.status
    colour = {"failed": "red", "running": "cyan", "completed": "green"}.get(view.status, "")
    return view.type, Text(status, style="bold red" if view.needs_attention else colour), view.started, view.ended
