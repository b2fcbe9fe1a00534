"""`orders recover`: repairs the losses of a fail-over or a restore."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer
from rich.text import Text

from application.losses import Loss
from application.recovering import Recovery
from cli.arguments import AsJson
from cli.audit import progress_of, prove_books, report_lines
from cli.output import show, show_json, visible
from cli.refusals import OK, REFUSED
from cli.running import executed, opened, temporal
from eventstore.store import EventStore
from settings import Settings

_MARGIN: Final = timedelta(hours=1)
Apply = Annotated[bool, typer.Option("--apply", help="Repair the losses found; without it nothing is changed.")]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", help="UTC time from which charges and labels are compared; default: 1 h before the last event."
    ),
]


@executed()
async def recover(settings: Settings, apply: Apply = False, since: Since = None, as_json: AsJson = False) -> int:
    """Find and repair the losses of a fail-over or a restore: sequence, checkpoints, charges, refunds, labels, workflows.

    Ends with an audit. Exits 1 while a loss is left: without --apply every loss found, with it those that need an operator.
    """
    async with opened(settings) as app:
        client = await temporal(settings)
        with progress_of("recovering") as on_progress:
            start = since.replace(tzinfo=UTC) if since else await _default_since(app.store)
            recovery = Recovery(
                app.sources(client), client, app.stripe, app.easypost, settings, start, apply, on_progress
            )
            losses = [loss async for loss in recovery.losses()]
        report = await prove_books(app.sources(client))
    left = [loss for loss in losses if not loss.done]
    if as_json:
        show_json({"losses": [asdict(loss) for loss in losses], "left": len(left), "audit": report.as_json()})
    else:
        show(*map(_line, losses), _summary(losses, left), *report_lines(report))
    return OK if report.holds and not left else REFUSED


async def _default_since(store: EventStore) -> datetime:
    last = await store.read_at(await store.head())
    return (last.recorded_at if last else datetime.now(UTC) - timedelta(days=1)) - _MARGIN


def _line(loss: Loss) -> Text:
    sign = Text("✓ ", style="green") if loss.done else Text("✗ ", style="red")
    remedy = f": {loss.remedy}" if loss.remedy else "" if loss.done else ": --apply repairs it"
    return sign.append(f"{loss.kind} {visible(loss.subject)} {visible(loss.problem)}{remedy}", style="default")


def _summary(losses: list[Loss], left: list[Loss]) -> Text:
    return Text(f"{len(losses):,} found, {len(losses) - len(left):,} repaired, {len(left):,} left.", style="bold")
