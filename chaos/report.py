"""Output of a soak: a log line per event, then a table of the faults and the audit."""

import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from audit import AuditReport
from chaos.recovery import LIMIT
from cli.audit import report_lines
from cli.demo.course import Tally
from cli.output import facts, note, table


@dataclass
class Log:
    """Prints events on standard error with the seconds since the start, and keeps them."""

    begun: float = field(default_factory=time.monotonic)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def write(self, text: str) -> None:
        at = round(self.seconds, 1)
        self.lines.append({"at": at, "event": text})
        note(f"{at:7.1f} s  {text}")


@dataclass(frozen=True, slots=True)
class Broken:
    """An injected fault. at, lasted: seconds; goes_on_after: recovery time in seconds, None if over the limit."""

    fault: str
    at: float
    lasted: float
    goes_on_after: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a soak. tally: orders by their end; cancels: orders that customers cancelled in time; differences: between
    the streams and the providers' own books."""

    seed: int
    seconds: float
    faults: list[Broken]
    tally: Tally
    cancels: int
    died: list[str]
    all_ended: bool
    audit: AuditReport
    differences: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """True if the books have exactly the orders that were confirmed to customers."""
        return self.audit.checks["streams"].numbers["orders"] == self.tally.placed

    @property
    def good(self) -> bool:
        """True if no order is open or lost, no process has ended by itself, and the audit and the providers' books agree."""
        return self.all_ended and self.complete and not self.died and self.audit.holds and not self.differences


def verdict_lines(verdict: Verdict) -> list[RenderableType]:
    """For people."""
    tally = verdict.tally
    orders = (
        f"{tally.placed:,} placed, {tally.ended['shipped']:,} shipped, {tally.ended['cancelled']:,} cancelled "
        f"({verdict.cancels:,} by customers), {tally.open:,} open"
    )
    return [
        table(
            "fault",
            "at s",
            "lasted s",
            "goes on after s",
            rows=[(each.fault, f"{each.at:.1f}", f"{each.lasted:.1f}", _recovery(each)) for each in verdict.faults],
            right=("at s", "lasted s", "goes on after s"),
        ),
        "",
        facts([("orders", orders), ("seconds", f"{verdict.seconds:.0f}"), ("seed", verdict.seed)]),
        *(Text(line, style="red") for line in _faults_of_ours(verdict)),
        *report_lines(verdict.audit),
    ]


def _recovery(each: Broken) -> str:
    return f"over {LIMIT:.0f}" if each.goes_on_after is None else f"{each.goes_on_after:.1f}"


def _faults_of_ours(verdict: Verdict) -> list[str]:
    lines = [*verdict.died, *verdict.differences]
    if not verdict.all_ended:
        lines.append(f"{verdict.tally.open:,} orders did not end")
    if not verdict.complete:
        known = verdict.audit.checks["streams"].numbers["orders"]
        lines.append(f"{verdict.tally.placed:,} orders were placed, and the books have {known:,}")
    return lines


def verdict_json(verdict: Verdict, log: Log) -> dict[str, Any]:
    """One document, in wire spelling."""
    return {
        "good": verdict.good,
        "seed": verdict.seed,
        "seconds": round(verdict.seconds, 1),
        "faults": [
            {"fault": each.fault, "at": each.at, "lasted": each.lasted, "goesOnAfter": each.goes_on_after}
            for each in verdict.faults
        ],
        "orders": {
            "placed": verdict.tally.placed,
            **verdict.tally.ended,
            "open": verdict.tally.open,
            "cancelledByCustomers": verdict.cancels,
        },
        "endedByThemselves": verdict.died,
        "events": log.lines,
        "audit": verdict.audit.as_json(),
        "differences": verdict.differences,
    }
