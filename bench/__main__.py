"""`python -m bench`: measures, prints a table of medians and ratios, and writes bench/results.json."""

import os
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.durable import durable_servers
from bench.parts import PARTS, Part
from bench.results import Conditions, expected_seconds, read, shown, table, write
from bench.runner import Compared, Servers, SideFailed, compare, servers
from process import run
from telemetry import configure_logging

RESULTS: Final = Path(__file__).parent / "results.json"
BY_NAME_ONLY: Final = ", ".join(part.name for part in PARTS if part.by_name_only)
PARTS_HELP: Final = f"Default: all but {BY_NAME_ONLY}, which take long."
Parts = Annotated[list[str] | None, typer.Argument(metavar="PART", help=f"Only these. {PARTS_HELP}")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="How often each side is measured; medians are shown.")]
Scale = Annotated[float, typer.Option("--scale", min=0.0001, max=1, help="Below 1: a quick look with less work.")]
Out = Annotated[Path, typer.Option("--out", help="Where the results go as JSON; those of other parts are kept.")]
AsTable = Annotated[bool, typer.Option("--table", help="Measure nothing: print the results as Markdown.")]
_STDERR: Final = Console(stderr=True)


def main(
    parts: Parts = None, rounds: Rounds = 3, scale: Scale = 1.0, out: Out = RESULTS, as_table: AsTable = False
) -> None:
    """Measure this system and its peers in turn on this machine, and write the results."""
    chosen = _chosen(parts)
    if as_table:
        typer.echo(table({name: part for name, part in read(out).items() if not parts or name in parts}))
        return
    configure_logging("error")
    _announce(chosen, rounds, scale, out)
    try:
        compared = run(lambda: _measure(chosen, rounds, scale, out))
    except SideFailed as error:
        raise typer.Exit(_fail(str(error))) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    console = Console()
    for each in compared:
        console.print(_table(each))
        for verdict in each.verdicts:
            console.print(f"  {verdict}", highlight=False)


def _announce(parts: list[Part], rounds: int, scale: float, out: Path) -> None:
    """Print the machine and its load, and how long each part took the last time."""
    results = read(out)
    last = {each.name: expected_seconds(results, each.name, min(rounds, each.most_rounds), scale) for each in parts}
    known = {name: seconds for name, seconds in last.items() if seconds is not None}
    _STDERR.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", highlight=False)
    if known:
        durations = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in known.items())
        unknown = f", and {', '.join(sorted(last.keys() - known))}" if len(known) < len(last) else ""
        _STDERR.print(f"Last time: {durations}; together {sum(known.values()) / 60:.1f} min{unknown}", highlight=False)


def _fail(message: str) -> int:
    typer.echo(message, err=True)
    return 1


def _chosen(names: list[str] | None) -> list[Part]:
    known = {part.name: part for part in PARTS}
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"there is no part {name!r}: {', '.join(known)}")
    return [known[name] for name in names] if names else [part for part in PARTS if not part.by_name_only]


async def _measure(parts: list[Part], rounds: int, scale: float, out: Path) -> list[Compared]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    compared = []
    with Progress(*columns, console=_STDERR, disable=not _STDERR.is_terminal) as progress:
        task = progress.add_task("starting PostgreSQL and Temporal")

        def show(part: str, side: str, number: int) -> None:
            doing = f"{part}: {side}, round {number}"
            progress.update(task, description=doing)
            if not _STDERR.is_terminal:
                _STDERR.print(time.strftime("%H:%M:%S"), doing, highlight=False)

        for durable, group in groupby(parts, key=lambda part: part.durable):
            async with durable_servers() if durable else servers() as on:
                for part in group:
                    compared.append(await _measure_part(on, part, rounds, scale, out, show))
    return compared


async def _measure_part(
    on: Servers, part: Part, rounds: int, scale: float, out: Path, show: Callable[[str, str, int], None]
) -> Compared:
    """Measure a part, and write its results at once: those of a run that is interrupted later are kept."""
    load, began = os.getloadavg()[0], time.perf_counter()
    compared = await compare(on, part, rounds, scale, lambda side, number: show(part.name, side, number))
    conditions = Conditions(min(rounds, part.most_rounds), scale, load, time.perf_counter() - began)
    write(out, part.name, compared.as_json() | {"run": conditions.as_json()})
    return compared


def _table(compared: Compared) -> Table:
    table = Table(title=f"{compared.part.name}: {compared.part.about}", title_justify="left")
    table.add_column("median")
    for side in compared.medians:
        table.add_column(side, justify="right")
    for name in dict.fromkeys(name for figures in compared.medians.values() for name in figures):
        table.add_row(name, *(shown(figures.get(name)) for figures in compared.medians.values()))
    for side, reason in compared.left_out.items():
        table.add_row(f"without {side}: {reason}")
    return table


if __name__ == "__main__":
    typer.run(main)
