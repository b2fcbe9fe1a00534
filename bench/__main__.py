"""`python -m bench`: measures, prints a table of medians and ratios, and writes bench/results.json."""

import json
import platform
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.durable import durable_servers
from bench.parts import PARTS, Part
from bench.runner import Compared, SideFailed, compare, servers
from process import run
from telemetry import configure_logging

RESULTS: Final = Path(__file__).parent / "results.json"
BY_NAME_ONLY: Final = ", ".join(part.name for part in PARTS if part.by_name_only)
PARTS_HELP: Final = f"Default: all but {BY_NAME_ONLY}, which take long."
Parts = Annotated[list[str] | None, typer.Argument(metavar="PART", help=f"Only these. {PARTS_HELP}")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="How often each side is measured; medians are shown.")]
Scale = Annotated[float, typer.Option("--scale", min=0.0001, max=1, help="Below 1: a quick look with less work.")]
Out = Annotated[Path, typer.Option("--out", help="Where the results go as JSON.")]


def main(parts: Parts = None, rounds: Rounds = 3, scale: Scale = 1.0, out: Out = RESULTS) -> None:
    """Measure this system and its peers in turn on this machine, and write the results."""
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
        for verdict in each.verdicts:
            console.print(f"  {verdict}", highlight=False)


def _fail(message: str) -> int:
    typer.echo(message, err=True)
    return 1


def _chosen(names: list[str] | None) -> list[Part]:
    known = {part.name: part for part in PARTS}
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"there is no part {name!r}: {', '.join(known)}")
    return [known[name] for name in names] if names else [part for part in PARTS if not part.by_name_only]


async def _measure(parts: list[Part], rounds: int, scale: float) -> list[Compared]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    compared = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting PostgreSQL and Temporal")
        for durable, group in groupby(parts, key=lambda part: part.durable):
            async with durable_servers() if durable else servers() as on:
                for part in group:
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
    table = Table(title=f"{compared.part.name}: {compared.part.about}", title_justify="left")
    table.add_column("median")
    for side in compared.medians:
        table.add_column(side, justify="right")
    for name in dict.fromkeys(name for figures in compared.medians.values() for name in figures):
        table.add_row(name, *(_shown(figures.get(name)) for figures in compared.medians.values()))
    for side, reason in compared.left_out.items():
        table.add_row(f"without {side}: {reason}")
    return table


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.{2 if figure < 10 else 1}f}"


if __name__ == "__main__":
    typer.run(main)
