"""`orders attention`: orders and events that need an operator."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from application.wire import camel_case
from cli.arguments import AsJson
from cli.failures import OK, REFUSED, explain
from cli.output import note, show, show_json, table
from cli.running import execute, opened, temporal_if_reachable
from open_work.attention_list import StuckList, find_stuck
from open_work.kinds import Kind, Stuck
from settings import Settings

MaxRows = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many rows.")]


_COLOURS: Final[dict[Kind, str]] = {
    "failing": "yellow",
    "stalled": "bold red",
    "lost": "bold red",
    "onHold": "cyan",
    "parked": "red",
    "holdEnding": "bold yellow",
    "refundFailed": "bold red",
}


def attention(limit: MaxRows = 100, as_json: AsJson = False) -> None:
    """List orders and events that need an operator: failing steps, lost workflows, holds, parked events, money at risk.

    Each with the order's state, the step, since when, the last error and the next retry. Exits 0 for an empty
    list, 1 otherwise or where Temporal did not respond.
    """

    async def command(settings: Settings) -> int:
        async with opened(settings) as app:
            found = await find_stuck(app.sources(await temporal_if_reachable(settings)), settings, limit)
        if as_json:
            rows = [camel_case(asdict(each)) for each in found.rows]
            show_json({"stuck": rows, "more": found.more, "complete": found.problem is None})
        elif found.rows:
            show(_table(found.rows))
        elif found.is_empty:
            show("nothing needs attention")
        _print_omissions(found, settings)
        return OK if found.is_empty else REFUSED

    execute(command)


def _print_omissions(found: StuckList, settings: Settings) -> None:
    if found.more:
        note(f"more than {found.limit:,}: raise --limit")
    if found.problem:
        note(f"without workflows: {explain(found.problem, settings)}")


def _table(rows: Iterable[Stuck]) -> Table:
    return table(
        "order",
        "state",
        "step",
        "since",
        "last error",
        "next retry",
        rows=((each.order_id, each.state, _step(each), each.since, each.error, each.next_retry) for each in rows),
    )


def _step(stuck: Stuck) -> Text:
    colour = _COLOURS[stuck.kind]
    at = f" (position {stuck.position})" if stuck.position else ""
    return Text(stuck.step + at, style=colour)
