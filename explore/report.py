"""Output of an exploration: progress lines, then each failing sequence with its seed, as a file to keep."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import RenderableType

from cli.output import facts, note, table
from explore.exploration import Found, Result

_EVERY: Final = 5.0  # seconds
_INDENTED: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@dataclass
class Progress:
    """Prints progress on standard error every few seconds."""

    printed: float = field(default_factory=time.monotonic)

    def __call__(self, result: Result) -> None:
        if time.monotonic() - self.printed >= _EVERY:
            self.printed = time.monotonic()
            note(f"{result.played:,} sequences, {result.a_minute:,.0f} a minute, {len(result.failing):,} failing")


def result_lines(result: Result) -> list[RenderableType]:
    """For people."""
    problems = Counter(each.failure.signature for each in result.found)
    lines: list[RenderableType] = [
        facts(
            [
                ("sequences", f"{result.played:,}"),
                ("seconds", f"{result.seconds:,.0f}"),
                ("a minute", f"{result.a_minute:,.0f}"),
                ("first seed", result.seed),
                ("failing", f"{len(result.failing):,}"),
            ]
        )
    ]
    if problems:
        rows = [(count, problem, _seeds(result, problem)) for problem, count in problems.most_common()]
        lines += ["", table("sequences", "problem", "seeds", rows=rows, right=("sequences",))]
    for each in _one_of_each(result):
        lines += [
            "",
            f"tests/workflow/explored/{file_name(each)}",
            orjson.dumps(each.as_json(), option=_INDENTED).decode(),
        ]
    lines += [f"audit: {each.check}: {each.subject} {each.problem}" for each in result.findings]
    return lines


def _seeds(result: Result, problem: str) -> str:
    seeds = [f"{each.seed}{'' if each.repeated else '?'}" for each in result.found if each.failure.signature == problem]
    return " ".join(seeds[:8]) + (" …" if len(seeds) > 8 else "")


def _one_of_each(result: Result) -> list[Found]:
    """The shortest repeated sequence of each problem."""
    shortest: dict[str, Found] = {}
    for each in sorted(result.found, key=lambda found: len(found.sequence.acts)):
        if each.repeated:
            shortest.setdefault(each.failure.signature, each)
    return list(shortest.values())


def result_json(result: Result) -> dict[str, Any]:
    """One document, in wire spelling."""
    return {
        "good": result.good,
        "seed": result.seed,
        "sequences": result.played,
        "seconds": round(result.seconds, 1),
        "aMinute": round(result.a_minute),
        "failing": [each.as_json() for each in result.found],
        "audit": [{"check": each.check, "subject": each.subject, "problem": each.problem} for each in result.findings],
    }


def keep(result: Result, folder: Path) -> None:
    """Write a file for each problem, which a test can play."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in _one_of_each(result):
        (folder / file_name(each)).write_bytes(orjson.dumps(each.as_json(), option=_INDENTED))


def file_name(found: Found) -> str:
    words = re.sub(r"[^a-z]+", "-", found.failure.signature.lower()).strip("-")
    return f"{words[:60]}-{found.seed}.json"
