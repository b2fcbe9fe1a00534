"""Progress of a run of orders: a bar on a terminal, else a line every few seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, Progress, TextColumn

from cli.demo.course import Tally
from cli.output import messages, note

_EVERY: Final = 3.0  # seconds between two lines

OnTally = Callable[[Tally], None]


@contextmanager
def following(total: int) -> Iterator[OnTally]:
    """Yield a function that shows a tally on standard error. total: orders in the end."""
    console, started = messages(), time.monotonic()
    if not console.is_terminal:
        yield _lines(started)
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda tally: progress.update(
            task, completed=tally.ended.total(), description=_words(tally, time.monotonic() - started)
        )


def _lines(started: float) -> OnTally:
    last = started

    def on_tally(tally: Tally) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            note(_words(tally, now - started))

    return on_tally


def _words(tally: Tally, seconds: float) -> str:
    rate = tally.ended.total() / seconds if seconds > 0 else 0
    return (
        f"{tally.placed:,} placed  {tally.ended['shipped']:,} shipped  {tally.ended['cancelled']:,} cancelled  "
        f"{tally.open:,} open  {rate:.1f} orders/s"
    )
