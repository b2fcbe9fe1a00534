"""The table of a run: each stage with what was done, how long it took and how it ended."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import RenderableType

from cli.output import facts, note, table
from deployment.programs import Missing
from deployment.shop import NotEnded
from embedded.errors import EmbeddedError

OK: Final = "ok"
NOT_TESTED: Final = "not tested"
FAILED: Final = "FAILED"


class NotTested(Exception):
    """A stage cannot be gone through here; the message has the reason."""


class Wrong(Exception):
    """A stage showed a fault; the message describes it."""


_EXPECTED: Final = (Wrong, NotEnded, Missing, EmbeddedError)


@dataclass(frozen=True, slots=True)
class Row:
    """A stage that is over. result: OK; or NOT_TESTED or FAILED, with the reason in done."""

    stage: str
    done: str
    seconds: float
    result: str


@dataclass
class Report:
    """Rows as the stages end; after a failure no further stage is begun."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True where a stage was tested and none failed."""
        results = {row.result for row in self.rows}
        return OK in results and FAILED not in results

    def note(self, text: str) -> None:
        """A part that this run does not test, for the whole of it."""
        note(f"note: {text}")
        self.notes.append(text)

    async def stage(self, name: str, action: Callable[[], Awaitable[str]], *, always: bool = False) -> None:
        """Go through a stage. action: returns what was done; always: also after a failure."""
        if self.rows and not self.good and not always:
            self._add(Row(name, "not reached", 0.0, NOT_TESTED))
            return
        note(f"{name} …")
        begun = time.monotonic()
        try:
            done, result = await action(), OK
        except NotTested as error:
            done, result = str(error), NOT_TESTED
        except Exception as error:  # a fault of the test itself ends its stage, and everything is stopped in order
            done, result = "; ".join(_messages(error)), FAILED
        self._add(Row(name, done, round(time.monotonic() - begun, 1), result))

    def _add(self, row: Row) -> None:
        note(f"  {row.seconds:6.1f} s  {row.result}: {row.done}")
        self.rows.append(row)


def _messages(error: BaseException) -> list[str]:
    """The messages of an error, or of all errors of a group of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return [message for each in error.exceptions for message in _messages(each)]
    return [str(error) if isinstance(error, _EXPECTED) else f"{type(error).__name__}: {error}"]


def report_lines(report: Report) -> list[RenderableType]:
    """For people."""
    # The end of a log follows a failure's first line, and was printed when the stage ended.
    rows = [(row.stage, row.done.partition("\n")[0], f"{row.seconds:.1f}", row.result) for row in report.rows]
    verdict = "The deployment holds." if report.good else "The deployment does not hold."
    return [
        table("stage", "what was done", "seconds", "result", rows=rows, right=("seconds",)),
        "",
        facts([("not tested", "; ".join(report.notes) or "nothing left out")]),
        verdict,
    ]


def report_json(report: Report) -> dict[str, Any]:
    """One document, in wire spelling."""
    return {
        "good": report.good,
        "stages": [
            {"stage": row.stage, "done": row.done, "seconds": row.seconds, "result": row.result} for row in report.rows
        ],
        "notes": report.notes,
    }
