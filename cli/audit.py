"""`orders audit`: proves the books."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

import asyncpg
from rich.text import Text

from audit import AuditReport, CheckResult, Finding, record_audit
from audit import audit as prove
from cli.arguments import AsJson
from cli.output import messages, note, show, show_json, visible
from cli.refusals import OK, REFUSED
from cli.running import executed, opened, temporal_if_reachable
from open_work.sources import Sources
from settings import Settings

SHOWN_FINDINGS: Final = 50
Progress: TypeAlias = Callable[[str, int], None]


@executed()
async def audit(settings: Settings, as_json: AsJson = False) -> int:
    """Prove the books from first principles: streams, money, labels, stock, messages, open orders, read models.

    Writes nothing but the record of its own outcome, which metrics show. Prints the first 50 findings, or all with
    --json; exits 1 if there are any.
    """
    async with opened(settings) as app:
        report = await prove_books(app.sources(await temporal_if_reachable(settings)))
    if as_json:
        show_json(report.as_json())
    else:
        show(*report_lines(report))
    return OK if report.holds else REFUSED


async def prove_books(sources: Sources) -> AuditReport:
    """Audit the database and record the outcome; progress on standard error where that is a terminal."""
    with progress_of("auditing") as on_progress:
        report = await prove(sources, on_progress)
    try:
        await record_audit(sources.pool, report)
    except (
        asyncpg.PostgresError,
        OSError,
    ) as error:  # a replica, or a database that is not migrated: the proof is still valid
        note(
            f"the outcome is not recorded, so metrics and alerts do not know of it: {str(error).partition(chr(10))[0]}"
        )
    return report


@contextmanager
def progress_of(doing: str) -> Iterator[Progress]:
    """Progress on standard error where that is a terminal."""
    console = messages()
    if not console.is_terminal:
        yield lambda stage, done: None
        return
    with console.status(doing) as status:
        yield lambda stage, done: status.update(f"{doing} {stage}{f' {done:,}' if done else ''}")


def report_lines(report: AuditReport) -> list[Text]:
    """Render a line per check with its figures, the open orders by reason, then the findings."""
    lines = [_check_line(check) for check in report.checks.values()]
    lines += [Text(f"  {number:,} open: {reason}") for reason, number in report.open_orders.most_common()]
    findings = report.findings
    lines += [_finding_line(each) for each in findings[:SHOWN_FINDINGS]]
    if len(findings) > SHOWN_FINDINGS:
        lines.append(Text(f"  and {len(findings) - SHOWN_FINDINGS:,} more: --json lists them all"))
    verdict = "The books hold." if report.holds else f"The books do not hold: {_findings(len(findings))}."
    return [*lines, Text(verdict, style="bold green" if report.holds else "bold red")]


def _check_line(check: CheckResult) -> Text:
    sign = Text("✓ ", style="green") if check.holds else Text("✗ ", style="red")
    return sign.append(check.claim, style="default").append(f" ({_figures(check)})", style="dim")


def _figures(check: CheckResult) -> str:
    found = [] if check.holds else [_findings(len(check.findings))]
    figures = [f"{number:,} {what}" for what, number in check.numbers.items()]
    return ", ".join([*found, *figures, *check.notes]) or "none"


def _findings(number: int) -> str:
    return f"{number:,} finding{'' if number == 1 else 's'}"


def _finding_line(finding: Finding) -> Text:
    line = Text("  ").append(finding.check, style="red")
    return line.append(f"  {visible(finding.subject)}: {visible(finding.problem)}")
