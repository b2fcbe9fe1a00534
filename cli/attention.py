"""`orders attention`: what does not go on by itself, or not as it should."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from temporalio.client import Client
from temporalio.service import RPCError

from bootstrap import App
from cli.arguments import AsJson
from cli.failing import Failing
from cli.failures import OK, REFUSED, TemporalUnreachable, explain
from cli.output import say, show, show_json, table
from cli.running import execute, opened, temporal
from cli.set_aside import parked_events
from cli.standing_still import StandingStill
from cli.stuck import Stuck
from settings import Settings

MaxRows = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many rows.")]


@dataclass
class _List:
    """What was found, up to a limit. problem: why not all of it could be looked for."""

    limit: int
    rows: list[Stuck] = field(default_factory=list)
    more: bool = False
    problem: str | None = None

    async def take(self, found: AsyncGenerator[Stuck, None]) -> None:
        """No more than there is room for; the rest is not even looked for."""
        if self.more:
            return
        async for stuck in found:
            if len(self.rows) == self.limit:
                self.more = True
                return
            self.rows.append(stuck)

    @property
    def is_empty(self) -> bool:
        return not self.rows and self.problem is None


def attention(limit: MaxRows = 100, as_json: AsJson = False) -> None:
    """List what is stuck: failing steps, orders that no workflow works on, orders on hold, parked events.

    Each with the order's state, the step, since when, the last error and the next retry. Exits 0 where there is nothing,
    1 where there is something, or Temporal could not be asked.
    """

    async def command(settings: Settings) -> int:
        async with opened(settings) as app:
            found = await _find(app, settings, _List(limit))
        if as_json:
            rows = [each.as_json() for each in found.rows]
            show_json({"stuck": rows, "more": found.more, "complete": found.problem is None})
        elif found.rows:
            show(_table(found.rows))
        elif found.is_empty:
            show("nothing needs attention")
        _tell_what_is_missing(found)
        return OK if found.is_empty else REFUSED

    execute(command)


async def _find(app: App, settings: Settings, found: _List) -> _List:
    client = await _temporal(settings, found)
    still = StandingStill(app, client)
    try:
        if client:
            async with aclosing(Failing(client, settings).all()) as failing:
                await found.take(failing)
        async with aclosing(still.orders()) as orders:
            await found.take(orders)
        if still.unreachable:
            found.problem = found.problem or explain(TemporalUnreachable(), settings)
    except RPCError as error:
        found.problem = explain(error, settings)
    async with aclosing(parked_events(app)) as parked:
        await found.take(parked)
    return found


async def _temporal(settings: Settings, found: _List) -> Client | None:
    try:
        return await temporal(settings)
    except TemporalUnreachable as error:
        found.problem = explain(error, settings)
        return None


def _tell_what_is_missing(found: _List) -> None:
    if found.more:
        say(f"more than {found.limit:,}: raise --limit")
    if found.problem:
        say(f"without workflows: {found.problem}")


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
    colour = {"failing": "yellow", "lost": "bold red", "onHold": "cyan", "parked": "red"}[stuck.kind]
    at = f" (position {stuck.position})" if stuck.position else ""
    return Text(stuck.step + at, style=colour)
