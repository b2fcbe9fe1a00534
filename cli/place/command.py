"""`orders place`: places the orders of a file of JSON Lines concurrently, with a result for each line."""

import asyncio
from collections import Counter
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from application.outages import AWAY
from cli.arguments import AsJson
from cli.failures import explain
from cli.output import note, show, show_json, visible
from cli.place.endings import Endings
from cli.place.line_ranges import LineRanges
from cli.place.lines import STANDARD_INPUT, lines
from cli.place.placing import Outcome, place_all
from cli.progress import reading, waiting
from cli.refusals import INTERRUPTED, OK, REFUSED, Refused
from cli.running import executed, opened
from eventstore.store import EventStore
from order_streams import Orders
from settings import Settings

File = Annotated[
    str, typer.Argument(metavar="FILE", help="A file of JSON Lines, an order a line; - is standard input.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until every placed order has shipped or been cancelled.")]

Urgent = Annotated[
    bool, typer.Option("--urgent", help="Do not let the orders give way to other orders, as an import does.")
]


@executed()
async def place(
    settings: Settings, file: File, wait: Wait = False, urgent: Urgent = False, as_json: AsJson = False
) -> int:
    """Place the orders of a file, one JSON object a line.

    An invalid line is reported with its number and all its faults, and the rest are placed; exits 1 if any was refused. An
    order placed before is recognised, so a file can be placed again. A file is an import: its orders are started a few at a
    time, and give way to all other orders. --json: a line for each order, then the summary.
    """
    async with opened(settings) as app:
        return await Placement(app.orders, app.store, settings, as_json, bulk=not urgent).run(file, wait)


class Placement:
    """One run over a file: counts the results of its lines and prints them. bulk: its orders give way to other orders."""

    def __init__(self, orders: Orders, store: EventStore, settings: Settings, as_json: bool, *, bulk: bool) -> None:
        self._bulk = bulk
        self._orders, self._store, self._settings, self._as_json = orders, store, settings, as_json
        self._results: Counter[str] = Counter()
        self._done_lines = LineRanges()
        self._endings = Endings(note)
        self._start = 0
        self._waited = False
        self.stopped: Exception | None = None

    async def run(self, file: str, wait: bool) -> int:
        """Place the file and return the exit code. An error at the first line is raised, a later one is in the summary."""
        try:
            await self.place(file)
            if wait and not self.stopped:
                await self.wait()
        except asyncio.CancelledError:
            note("interrupted: the file can be placed again, placed orders are recognised")
            return self.finish(INTERRUPTED)
        except (Refused, asyncpg.PostgresError, *AWAY) as error:
            if not self.begun:
                raise
            note(explain(error, self._settings) or repr(error))
            return self.finish(REFUSED)
        return self.finish(REFUSED if self.failed else OK)

    @property
    def begun(self) -> bool:
        return self._results.total() > 0

    @property
    def failed(self) -> bool:
        return bool(self._results["refused"] or self.stopped)

    async def place(self, file: str) -> None:
        """Place every line. Raises Refused where the file cannot be read."""
        self._start = await self._store.head()
        with reading(_size(file), hidden=self._as_json) as advance:
            async with aclosing(place_all(self._orders, lines(file), bulk=self._bulk)) as outcomes:
                async for outcome in outcomes:
                    advance(outcome.end)
                    self._record(outcome)

    async def wait(self) -> None:
        """Wait until every placed order has ended."""
        self._waited = True
        total = self._results["placed"] + self._results["alreadyPlaced"]
        with waiting(total) as advance:
            await self._endings.wait(self._orders, self._store, self._start, lambda: advance(self._endings.counts))

    def finish(self, code: int) -> int:
        """Print the summary and return the code."""
        if self.stopped is not None:
            note(explain(self.stopped, self._settings) or repr(self.stopped))
            note(f"stopped; lines done: {self._done_lines}. Place the file again: placed orders are recognised")
        if self._as_json:
            self._print_json({"summary": self._summary()})
        else:
            counts = {"already there" if n == "alreadyPlaced" else n: c for n, c in self._summary().items()}
            self._print(", ".join(f"{name} {count:,}" for name, count in counts.items()))
        return code

    def _record(self, outcome: Outcome) -> None:
        self._results[outcome.result] += 1
        if outcome.result == "unknown":
            self.stopped = self.stopped or outcome.error
            self._done_lines.gap()
        else:
            self._done_lines.add(outcome.line)
        if outcome.order_id and outcome.state:
            self._endings.expect(outcome.order_id, outcome.state)
        if self._as_json:
            self._print_json(outcome.as_json())
        for fault in outcome.faults:
            order = f" (order {outcome.order_id})" if outcome.order_id else ""
            note(f"line {outcome.line}{order}: {visible(fault)}")

    def _summary(self) -> dict[str, int]:
        summary = {name: self._results[name] for name in ("placed", "alreadyPlaced", "refused")}
        if self._results["unknown"]:
            summary["unknown"] = self._results["unknown"]
        return summary | (self._endings.counts if self._waited else {})

    # The orders are placed even when standard output is closed.

    def _print_json(self, value: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):
            show_json(value)

    def _print(self, text: str) -> None:
        with suppress(BrokenPipeError):
            show(text)


def _size(file: str) -> int | None:
    path = Path(file)
    return path.stat().st_size if file != STANDARD_INPUT and path.is_file() else None
