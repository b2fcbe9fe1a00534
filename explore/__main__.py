"""`python -m explore [--table] [--sequences N] [--seconds N] [--seed N] [--at-once N] [--keep FOLDER] [--json]`."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.output import note, show, show_json
from cli.refusals import OK, REFUSED
from cli.running import executed
from explore.exploration import AT_ONCE, Exploration, Result
from explore.generate import generate
from explore.report import Progress, keep, result_json, result_lines
from explore.sequence import Sequence
from explore.servers import exploring
from explore.table import cases
from settings import Settings

Sequences = Annotated[
    int | None, typer.Option(min=1, help="Number of sequences to play; default: 1,000, or the whole table.")
]
Table = Annotated[
    bool, typer.Option("--table", help="Play the table: every provider's answer × step × act of a person × webhooks.")
]
Seconds = Annotated[float | None, typer.Option(min=1, help="Begin no further sequence after this time.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the first sequence, then incremented; random by default.")]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=200, help="Number of concurrent sequences.")]


@executed()
async def explore(
    _: Settings,
    table: Table = False,
    sequences: Sequences = None,
    seconds: Seconds = None,
    seed: Seed = None,
    at_once: AtOnce = AT_ONCE,
    keep_in: Annotated[
        Path | None, typer.Option("--keep", help="Write a file for each problem into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Play generated orders against faults, kills and interventions, judged by the providers' own books.

    Prints each failing sequence, shrunk, with its seed. Exits 0 only if none fails and the audit passes.
    """
    at_random = 0 if table else random.SystemRandom().randrange(1_000_000)
    first = at_random if seed is None else seed
    found = cases()[first:][:sequences] if table else map(generate, range(first, first + (sequences or 1_000)))
    if table:
        note(f"the table has {len(cases()):,} cases")
    result = Result(first)
    try:
        async with exploring() as system:
            exploration = Exploration(system, at_once=at_once)
            await exploration.explore(_in_time(found, seconds), result, Progress())
    finally:
        if keep_in is not None:
            keep(result, keep_in)
        show_json(result_json(result)) if as_json else show(*result_lines(result))
    return OK if result.good else REFUSED


def _in_time(sequences: Iterable[Sequence], seconds: float | None) -> Iterator[Sequence]:
    end = None if seconds is None else time.monotonic() + seconds
    return itertools.takewhile(lambda _: end is None or time.monotonic() < end, sequences)


if __name__ == "__main__":
    typer.run(explore)
