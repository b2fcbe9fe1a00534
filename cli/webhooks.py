"""`orders webhooks`: endpoints, secrets and deliveries."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import typer

from application.webhook_documents import DeliveryDocument, EndpointDocument, EndpointWithSecret, TrialDocument
from cli.arguments import LARGEST, AsJson, Limit
from cli.output import facts, note, show, show_json, table
from cli.progress import positions
from cli.running import executed, opened
from settings import Settings
from webhooks.addresses import without_query
from webhooks.deliveries import Delivery, State
from webhooks.endpoints import MAX_OVERLAP, Endpoint, Endpoints
from webhooks.sender import Sender
from webhooks.trial import send_test

if TYPE_CHECKING:
    from rich.table import Table

webhooks = typer.Typer(no_args_is_help=True, help="Webhooks: endpoints, their secrets and deliveries.")

_LOOK: Final = 0.2  # seconds

EndpointId = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's id.")]
DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id, ENDPOINT.POSITION.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="The endpoint's URL, https on a public address.")]
Topics = Annotated[
    list[str],
    typer.Option("--topic", help="An event type, order.*, a topic such as analytics.revenue, or *. Several times."),
]
Description = Annotated[str, typer.Option("--description", help="A description of the receiver.")]
Overlap = Annotated[
    float,
    typer.Option(min=0, max=MAX_OVERLAP.total_seconds() / 3600, help="Hours in which the older secrets still sign."),
]
From = Annotated[
    int, typer.Option("--from", min=1, max=LARGEST, help="The position in the log of the first event to send again.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Show the progress, and return when every delivery is queued.")]
OfEndpoint = Annotated[str | None, typer.Option("--endpoint", help="Only those of this endpoint.")]
OfState = Annotated[State | None, typer.Option("--status", help="Only those in this state.")]
OfOrder = Annotated[str | None, typer.Option("--order", help="Only those of this order.")]
OfEvent = Annotated[str | None, typer.Option("--event", help="Only those of this event type.")]
After = Annotated[str | None, typer.Option("--after", help="Go on where an earlier page ended.")]


@webhooks.command()
@executed()
async def add(
    settings: Settings, url: Url, topic: Topics, description: Description = "", as_json: AsJson = False
) -> None:
    """Add an endpoint for the events from now on. The secret is printed this once."""
    async with opened(settings) as app:
        endpoint, secret = await app.endpoints.add(url, topic, description)
    if as_json:
        show_json(EndpointWithSecret.of(endpoint, secret=secret))
    else:
        show(facts([("endpoint", endpoint.id), ("secret", secret)]))
        note("the secret is not shown again")


@webhooks.command("list")
@executed()
async def list_endpoints(settings: Settings, as_json: AsJson = False) -> None:
    """List the endpoints, the oldest first."""
    async with opened(settings) as app:
        found = await app.endpoints.all()
    if as_json:
        show_json({"endpoints": [EndpointDocument.of(endpoint) for endpoint in found]})
    else:
        show(table("endpoint", "url", "topics", "state", "description", rows=map(_row, found)))


def _row(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.id, without_query(endpoint.url), ", ".join(endpoint.topics), _state(endpoint), endpoint.description


def _state(endpoint: Endpoint) -> str:
    replaying = f", replay at {endpoint.replay_after:,} of {endpoint.replay_until:,}" if endpoint.replay_until else ""
    return ("enabled" if endpoint.enabled else f"disabled: {endpoint.disabled_reason}") + replaying


@webhooks.command("show")
@executed()
async def show_endpoint(settings: Settings, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Show one endpoint, and the progress of its replay."""
    async with opened(settings) as app:
        found = await app.endpoints.get(endpoint)
    if as_json:
        show_json(EndpointDocument.of(found))
    else:
        _show(found)


def _show(endpoint: Endpoint) -> None:
    show(
        facts(
            [
                ("endpoint", endpoint.id),
                ("url", without_query(endpoint.url)),
                ("topics", ", ".join(endpoint.topics)),
                ("state", _state(endpoint)),
                ("description", endpoint.description or None),
                ("events after", f"{endpoint.starts_after:,}"),
                ("created", endpoint.created_at),
            ]
        )
    )


@webhooks.command()
@executed()
async def remove(settings: Settings, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Remove an endpoint with its secrets and deliveries."""
    async with opened(settings) as app:
        await app.endpoints.remove(endpoint)
    _print({"id": endpoint, "removed": True}, "removed", as_json)


@webhooks.command()
@executed()
async def enable(settings: Settings, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Enable an endpoint; pending deliveries are sent first. Prints the position of the first event passed over."""
    async with opened(settings) as app:
        missed_from = await app.endpoints.enable(endpoint)
    missed = f"; to send the events passed over: orders webhooks replay {endpoint} --from {missed_from}"
    _print(
        {"id": endpoint, "enabled": True, "missedFrom": missed_from},
        "enabled" + (missed if missed_from else ""),
        as_json,
    )


@webhooks.command()
@executed()
async def disable(settings: Settings, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Disable an endpoint: pending deliveries wait, new events are passed over."""
    async with opened(settings) as app:
        await app.endpoints.disable(endpoint, "by a person")
    _print({"id": endpoint, "enabled": False}, "disabled", as_json)


@webhooks.command()
@executed()
async def rotate(settings: Settings, endpoint: EndpointId, overlap: Overlap = 24, as_json: AsJson = False) -> None:
    """Make a new secret, printed this once. The older ones still sign beside it for --overlap hours."""
    async with opened(settings) as app:
        secret = await app.endpoints.rotate(endpoint, timedelta(hours=overlap))
    if as_json:
        show_json({"id": endpoint, "secret": secret})
    else:
        show(facts([("secret", secret)]))
        note("the secret is not shown again")


@webhooks.command("test")
@executed()
async def send_one(settings: Settings, endpoint: EndpointId, as_json: AsJson = False) -> int:
    """Send a test message once and now, also to a disabled endpoint, and show the answer; exits 1 if it is not accepted."""
    async with opened(settings) as app, Sender(allow_private=settings.webhooks_allow_private) as sender:
        trial = await send_test(app.endpoints, sender, endpoint, str(uuid4()))
    result = trial.error or f"answered {trial.status}"
    _print(TrialDocument.model_validate(trial), f"{result} after {trial.milliseconds:,} ms", as_json)
    return 1 if trial.error else 0


@webhooks.command()
@executed()
async def replay(
    settings: Settings, endpoint: EndpointId, start: From, wait: Wait = False, as_json: AsJson = False
) -> None:
    """Send every event from a position of the log up to now again, under the same ids."""
    async with opened(settings) as app:
        asked = await app.endpoints.replay(endpoint, start)
        if wait:
            await _follow(app.endpoints, asked)
    _print(
        {"id": endpoint, "from": start, "until": asked.replay_until, "done": wait},
        f"positions {start:,} to {asked.replay_until:,} {'are queued' if wait else 'will be sent'}",
        as_json,
    )


async def _follow(endpoints: Endpoints, asked: Endpoint) -> None:
    """Wait until the relay has queued every delivery."""
    last = asked.replay_until or 0
    with positions(f"replaying to {asked.id}") as on_progress:
        while (now := await endpoints.get(asked.id)).replay_after is not None:
            on_progress(now.replay_after, last)
            await asyncio.sleep(_LOOK)
        on_progress(last, last)


@webhooks.command()
@executed()
async def deliveries(
    settings: Settings,
    endpoint: OfEndpoint = None,
    status: OfState = None,
    order: OfOrder = None,
    event: OfEvent = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the newest event first, by endpoint, state, order and event type."""
    async with opened(settings) as app:
        page = await app.deliveries.list(
            endpoint_id=endpoint, state=status, order_id=order, event_type=event, limit=limit, after=after
        )
    if as_json:
        show_json({"deliveries": [DeliveryDocument.of(row) for row in page.rows], "after": page.after})
        return
    show(_table(page.rows))
    if page.after is not None:
        note(f"more: --after {page.after}")


def _table(rows: Iterable[Delivery]) -> "Table":
    return table(
        "delivery",
        "order",
        "event",
        "state",
        "attempts",
        "last error",
        "next attempt",
        rows=(
            (row.id, row.order_id, row.event_type, row.state, row.attempts, row.last_error, row.next_attempt_at)
            for row in rows
        ),
        right=("attempts",),
    )


@webhooks.command()
@executed()
async def retry(settings: Settings, delivery: DeliveryId, as_json: AsJson = False) -> None:
    """Retry a parked delivery for another three days."""
    async with opened(settings) as app:
        found = await app.deliveries.retry(delivery)
    _print(DeliveryDocument.of(found), "pending", as_json)


def _print(document: Any, sentence: str, as_json: bool) -> None:
    if as_json:
        show_json(document)
    else:
        show(sentence)
