"""Export of the orders that a filter finds, as CSV or JSON Lines, a page at a time."""

import csv
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from io import StringIO
from typing import Any, Final, Literal

from pydantic_core import to_json

from application.wire import camel_case
from projections.order_dashboard import OrderRow

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: Final[dict[Format, str]] = {"csv": "text/csv", "jsonl": "application/jsonl"}
COLUMNS: Final = tuple(camel_case(dict.fromkeys(field.name for field in fields(OrderRow))))
# A spreadsheet takes a cell that begins so for a formula. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


async def exported(pages: AsyncIterator[list[OrderRow]], format: Format) -> AsyncIterator[bytes]:
    """Yield the bytes of the export: of CSV the header first, then each page's lines."""
    if format == "csv":
        yield csv_lines([COLUMNS])
    async for rows in pages:
        yield csv_lines(map(_cells, rows)) if format == "csv" else _json_lines(rows)


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return lines of CSV (RFC 4180) in UTF-8."""
    lines = StringIO()
    csv.writer(lines).writerows([_cell(value) for value in row] for row in rows)
    return lines.getvalue().encode()


def _cells(row: OrderRow) -> Iterable[Any]:
    return (getattr(row, field.name) for field in fields(OrderRow))


def _cell(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case list() | dict():
            return to_json(value).decode() if value else None
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return value


def _json_lines(rows: list[OrderRow]) -> bytes:
    return b"".join(to_json(camel_case(asdict(row))) + b"\n" for row in rows)
