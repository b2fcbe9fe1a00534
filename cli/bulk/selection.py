"""Orders of a bulk action: the ids of a file, or all that a filter finds."""

import sys
from typing import Final

from cli.output import messages, visible
from cli.place.lines import STANDARD_INPUT, Line, lines
from cli.refusals import Refused
from orders.ids import order_id_problem
from projections.order_filter import OrderFilter
from projections.queries import Queries

_SHOWN: Final = 20


async def ids_of_file(path: str) -> list[str]:
    """Read ids, one a line; blank lines are left out. Raises Refused where a line is no id."""
    ids, faults = [], []
    async for line in lines(path):
        text, problem = _id_of(line)
        if problem:
            faults.append(f"line {line.number}: {problem}")
        elif text:
            ids.append(text)
    if faults:
        more = [f"and {len(faults) - _SHOWN:,} more"] if len(faults) > _SHOWN else []
        raise Refused("\n".join(["nothing was changed: not every line is an order's id", *faults[:_SHOWN], *more]))
    return list(dict.fromkeys(ids))


def _id_of(line: Line) -> tuple[str, str | None]:
    if line.content is None:
        return "", "is too long"
    try:
        text = line.content.decode().strip()
    except UnicodeDecodeError:
        return "", "is not UTF-8"
    return text, order_id_problem(text) if text else None


async def ids_of_filter(filter: OrderFilter, queries: Queries, limit: int | None) -> list[str]:
    """Find the ids of all orders, or of the first `limit`, before an act changes the result of the filter."""
    return [row.order_id async for page in queries.pages(filter, limit) for row in page]


def is_terminal() -> bool:
    """True where a person can be asked."""
    return sys.stdin.isatty()


async def confirmed(question: str) -> bool:
    """Ask on the terminal; only `y` and `yes` confirm."""
    messages().print(f"{visible(question)} [y/N] ", end="")
    async for answer in lines(STANDARD_INPUT):  # which Ctrl-C interrupts
        return (answer.content or b"").strip().lower() in (b"y", b"yes")
    return False
