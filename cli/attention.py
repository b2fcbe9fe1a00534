"""`orders attention`: what does not go on by itself, or not as it should."""

from collections.abc import Iterable
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from cli.arguments import AsJson
from cli.failures import OK, REFUSED, explain
from cli.output import say, show, show_json, table
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
    """List what is stuck: failing steps, stalled and lost workflows, orders on hold, parked events, money at risk.

    Each with the order's state, the step, since when, the last error and the next retry. Exits 0 where there is nothing,
    1 where there is something, or Temporal could not be asked.
    """

    async def command(settings: Settings) -> int:
        async with opened(settings) as app:
            found = await find_stuck(app.sources(await temporal_if_reachable(settings)), settings, limit)
        if as_json:
            rows = [each.as_json() for each in found.rows]
            show_json({"stuck": rows, "more": found.more, "complete": found.problem is None})
        elif found.rows:
            show(_table(found.rows))
        elif found.is_empty:
            show("nothing needs attention")
        _tell_what_is_missing(found, settings)
        return OK if found.is_empty else REFUSED

    execute(command)


def _tell_what_is_missing(found: StuckList, settings: Settings) -> None:
    if found.more:
        say(f"more than {found.limit:,}: raise --limit")
    if found.problem:
        say(f"without workflows: {explain(found.problem, settings)}")


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
