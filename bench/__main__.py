"""`python -m bench`: measures, prints a table of medians and ratios, and writes bench/results.json."""

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.parts import PARTS, Part
from bench.runner import Compared, SideFailed, compare, servers
from bootstrap import run
from telemetry import configure_logging

RESULTS: Final = Path(__file__).parent / "results.json"
Parts = Annotated[list[str] | None, typer.Argument(metavar="PART", help="Only these. Default: all.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="How often each side is measured; medians are shown.")]
Scale = Annotated[float, typer.Option("--scale", min=0.01, max=1, help="Below 1: a quick look with less work.")]
Out = Annotated[Path, typer.Option("--out", help="Where the results go as JSON.")]


def main(parts: Parts = None, rounds: Rounds = 3, scale: Scale = 1.0, out: Out = RESULTS) -> None:
    """Measure this system side by side with others on this machine, in turn, and write what came of it."""
    chosen = _chosen(parts)
    configure_logging("error")
    try:
        compared = run(lambda: _measure(chosen, rounds, scale))
    except SideFailed as error:
        raise typer.Exit(_fail(str(error))) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    out.write_text(json.dumps(_document(compared, rounds, scale), indent=1) + "\n")
    console = Console()
    for each in compared:
        console.print(_table(each))
        for line in _verdicts(each):
            console.print(line)


def _fail(message: str) -> int:
    typer.echo(message, err=True)
    return 1


def _chosen(names: list[str] | None) -> list[Part]:
    known = {part.name: part for part in PARTS}
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"there is no part {name!r}: {', '.join(known)}")
    return [known[name] for name in names] if names else list(PARTS)


async def _measure(parts: list[Part], rounds: int, scale: float) -> list[Compared]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    compared = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting PostgreSQL and Temporal")
        async with servers() as on:
            for part in parts:
                compared.append(
                    await compare(
                        on, part, rounds, scale,
                        lambda side, n: progress.update(task, description=f"{side}, round {n} of {rounds}"),
                    )
                )  # fmt: skip
    return compared


def _document(compared: list[Compared], rounds: int, scale: float) -> dict[str, object]:
    return {
        "machine": {"processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        "rounds": rounds,
        "scale": scale,
        "parts": {each.part.name: each.as_json() for each in compared},
    }


def _table(compared: Compared) -> Table:
    names = list(next(iter(compared.medians.values())))
    table = Table(title=f"{compared.part.name}: {compared.part.about}", title_justify="left")
    table.add_column("side")
    for name in names:
        table.add_column(name, justify="right")
    for side, figures in compared.medians.items():
        table.add_row(side, *(f"{figures.get(name, float('nan')):,.1f}" for name in names))
    return table


def _verdicts(compared: Compared) -> Iterator[str]:
    for each in compared.verdicts:
        bound = f"{'at most' if each.target.at_most else 'at least'} {each.target.ratio}"
        yield f"  {each.target.figure}: {each.ratio:.2f} of the other, {bound} wanted: {'met' if each.met else 'missed'}"


if __name__ == "__main__":
    typer.run(main)
