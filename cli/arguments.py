"""Arguments and options that several commands share."""

from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Final

import typer

from orders.faults import reason_problem
from orders.ids import folded_tag, order_id_problem, tag_problem

DATA_FOLDER: Final = Path(__file__).resolve().parent.parent / "data"


def identifier(value: str | None) -> str | None:
    """Return the value where it is a valid id. Raises typer.BadParameter."""
    return checked(value, order_id_problem)


def stated_reason(value: str | None) -> str | None:
    """Return the value where it is a valid reason. Raises typer.BadParameter."""
    return checked(value, reason_problem)


def checked(value: str | None, problem_of: Callable[[str], str | None]) -> str | None:
    """Return the value where it has no problem. Raises typer.BadParameter."""
    if value is not None and (problem := problem_of(value)):
        raise typer.BadParameter(problem)
    return value


def tags(values: list[str] | None) -> list[str] | None:
    """Return the tags, without capitals. Raises typer.BadParameter."""
    for value in values or ():
        if problem := tag_problem(value):
            raise typer.BadParameter(problem)
    return values and [folded_tag(value) for value in values]


json_wanted: Final = ContextVar("json_wanted", default=False)
"""True in a command with --json."""


def _note_json(wanted: bool) -> bool:
    json_wanted.set(wanted)
    return wanted


AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON on standard output, and nothing else there.", callback=_note_json),
]
LARGEST: Final = 2**63 - 1
"""The largest position, version and number of the database."""

OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.", callback=identifier)]
CustomerId = Annotated[str | None, typer.Argument(metavar="ID", help="One customer's id.", callback=identifier)]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many rows.")]
CustomerFilter = Annotated[
    str | None, typer.Option("--customer", metavar="ID", help="Only orders of this customer.", callback=identifier)
]
