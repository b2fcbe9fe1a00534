"""Progress on standard error, where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from cli.output import messages


def _shown(*columns: object, hidden: bool = False) -> Progress:
    console = messages()
    # Results are written to standard output as bytes, which the bar must not capture.
    return Progress(
        *columns,  # type: ignore[arg-type]
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    )


@contextmanager
def reading(size: int | None, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar over the bytes of a file; yields a function that takes the bytes done. size: None where it is unknown.

    hidden: no bar where results are printed to the same terminal.
    """
    columns = (TextColumn("placing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with _shown(*columns, hidden=hidden and sys.stdout.isatty()) as progress:
        task = progress.add_task("", total=size)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def waiting(total: int) -> Iterator[Callable[[dict[str, int]], None]]:
    """Show a bar over orders; yields a function that takes the number of orders by state, `open` among them."""
    with _shown(SpinnerColumn(), TextColumn("{task.description}"), BarColumn()) as progress:
        task = progress.add_task("waiting", total=total)

        def advance(counts: dict[str, int]) -> None:
            words = ", ".join(f"{count:,} {name}" for name, count in counts.items())
            progress.update(task, completed=total - counts["open"], description=words)

        yield advance


@contextmanager
def acting(total: int, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar over the orders of a bulk action; yields a function that takes the number done. hidden: as above."""
    columns = (TextColumn("{task.completed:,.0f} of {task.total:,.0f} orders"), BarColumn(), TimeRemainingColumn())
    with _shown(*columns, hidden=hidden and sys.stdout.isatty()) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def positions(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar over the log; yields a function that takes the position reached and the last one."""
    with _shown(TextColumn(doing), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f}")) as progress:
        task = progress.add_task("", total=1)
        yield lambda reached, last: progress.update(task, completed=reached, total=last)
