"""`python -m explore [--sequences N] [--seconds N] [--seed N] [--at-once N] [--keep FOLDER] [--json]`."""

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.failures import OK, REFUSED
from cli.output import show, show_json
from cli.running import execute
from explore.exploration import AT_ONCE, Exploration, Result
from explore.report import Progress, keep, result_json, result_lines
from explore.servers import exploring
from settings import Settings

Sequences = Annotated[int, typer.Option(min=1, help="Number of sequences to play.")]
Seconds = Annotated[float | None, typer.Option(min=1, help="Begin no further sequence after this time.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the first sequence, then incremented; random by default.")]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=200, help="Number of concurrent sequences.")]


def explore(
    sequences: Sequences = 1_000,
    seconds: Seconds = None,
    seed: Seed = None,
    at_once: AtOnce = AT_ONCE,
    keep_in: Annotated[
        Path | None, typer.Option("--keep", help="Write a file for each problem into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play generated orders against faults, kills and interventions, judged by the providers' own books.

    Prints each failing sequence, shrunk, with its seed. Exits 0 only if none fails and the audit passes.
    """
    first = random.SystemRandom().randrange(1_000_000) if seed is None else seed

    async def command(_: Settings) -> int:
        result = Result(first)
        try:
            async with exploring() as system:
                exploration = Exploration(system, at_once=at_once)
                await exploration.explore(_seeds(first, sequences, seconds), result, Progress())
        finally:
            if keep_in is not None:
                keep(result, keep_in)
            show_json(result_json(result)) if as_json else show(*result_lines(result))
        return OK if result.good else REFUSED

    execute(command)


def _seeds(first: int, count: int, seconds: float | None) -> Iterator[int]:
    end = None if seconds is None else time.monotonic() + seconds
    return itertools.takewhile(lambda _: end is None or time.monotonic() < end, range(first, first + count))


if __name__ == "__main__":
    typer.run(explore)
