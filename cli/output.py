"""Output: results on standard output, messages on standard error, without control characters for the terminal.

Rich is imported when text is printed: a command with --json and a worker without messages do without it."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from cli.refusals import Refused

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

_UNBOUND: Final = 10_000  # columns: off a terminal nothing is wrapped or cut, so that it can be searched


@cache
def results() -> "Console":
    return _console(stderr=False)


@cache
def messages() -> "Console":
    """Standard error; shared, so that a line printed during a progress bar appears above it."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console  # noqa: PLC0415

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _UNBOUND
    return Console(file=stream, width=width, soft_wrap=False, highlight=False, markup=False, emoji=False)


def show(*parts: "RenderableType") -> None:
    """Print results as text; `none` for a table without rows. Raises BrokenPipeError where standard output is closed."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = results()
    for part in parts:
        if isinstance(part, Table) and part.show_header and not part.row_count:
            part = "none"
        with console.capture() as capture:
            console.print(part, soft_wrap=isinstance(part, str | Text))  # a wrapped URL is unusable
        _write("\n".join(line.rstrip() for line in capture.get().split("\n")).encode(errors="backslashreplace"))


def show_json(value: Any) -> None:
    """Print one JSON document, or one line of JSON Lines: documents in wire spelling, whole numbers of any size.

    Raises BrokenPipeError where standard output is closed.
    """
    _write(to_json(value, by_alias=True) + b"\n")


def show_bytes(content: bytes) -> None:
    """Print a part of an export. Raises BrokenPipeError where standard output is closed."""
    _write(content)


def _write(content: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _give_up_output()
        raise
    except OSError as error:
        raise Refused(f"standard output cannot be written: {error.strerror}") from None


def _give_up_output() -> None:
    """Discard further output after the reader, such as `head`, has closed it; the interpreter's last flush must not fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(text: str) -> None:
    """Print a message on standard error."""
    from rich.text import Text  # noqa: PLC0415

    messages().print(Text("\n".join(map(visible, text.split("\n")))), soft_wrap=True)


def print_cursor(after: object) -> None:
    """Print the option that continues after this page, if there is one."""
    if after is not None:
        note(f"more: --after {shlex.quote(visible(after))}")


def visible(text: object) -> str:
    """Escape the control and invisible characters of external text."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def table(*columns: str, rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> "Table":
    """Build a table of external texts; None is an empty cell. right: the columns of numbers."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    assert set(right) <= set(columns), f"no column {set(right) - set(columns)}"
    made = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(_shown(cell)) for cell in row))
    return made


def facts(pairs: Iterable[tuple[str, object]]) -> "Table":
    """Build a list of names and values without the empty ones."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table.grid(padding=(0, 2))
    for name, value in pairs:
        if value is not None:
            made.add_row(Text(name, style="dim"), value if isinstance(value, Text) else Text(_shown(value)))
    return made


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return moment(cell) if isinstance(cell, datetime) else visible(cell)


def moment(time: datetime) -> str:
    """Format a time in UTC, to the millisecond."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


_STYLES: Final = {
    "shipped": "green",
    "cancelled": "red",
    "paid": "cyan",
    "confirmed": "cyan",
    "refunded": "yellow",
    "held": "yellow",
}


def status_text(status: str) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    return Text(status, style=_STYLES.get(status, ""))
