"""Export of orders: CSV that no spreadsheet runs as a formula, JSON Lines, page after page."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any, cast

import pytest

from application.order_export import COLUMNS, Format, csv_lines, exported
from projections.order_dashboard import OrderRow
from projections.order_filter import ALL_ORDERS, OrderFilter
from projections.pages import Page
from projections.queries import Queries

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def row(number: int, **changes: Any) -> OrderRow:
    made = OrderRow(f"o-{number}", customer_id="ada", status="placed", currency="EUR", total=1300, placed_at=NOW)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def export(format: Format, *pages: list[OrderRow]) -> bytes:
    async def given() -> AsyncIterator[list[OrderRow]]:
        for page in pages:
            yield page

    async def whole() -> bytes:
        return b"".join([piece async for piece in exported(given(), format)])

    return asyncio.run(whole())


def test_csv_has_a_header_and_a_line_for_each_order_of_every_page() -> None:
    lines = list(csv.reader(StringIO(export("csv", [row(1), row(2)], [row(3)]).decode(), newline="")))
    assert tuple(lines[0]) == COLUMNS
    assert [line[0] for line in lines[1:]] == ["o-1", "o-2", "o-3"]
    first = dict(zip(COLUMNS, lines[1], strict=True))
    assert (first["total"], first["placedAt"], first["trackingNumber"]) == ("1300", "2026-01-31T09:30:00Z", "")


def test_json_lines_are_the_rows_of_the_list() -> None:
    [first, second] = map(json.loads, export("jsonl", [row(1)], [row(2)]).splitlines())
    assert (first["orderId"], second["orderId"]) == ("o-1", "o-2")
    assert tuple(first) == COLUMNS


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    [[cell]] = csv.reader(StringIO(csv_lines([[text]]).decode(), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["a=b", "o-1", 'say "hi", twice', "two\nlines", ""])
def test_any_other_cell_is_as_it_was(text: str) -> None:
    [[cell]] = csv.reader(StringIO(csv_lines([[text]]).decode() or "\n", newline=""))
    assert cell == text


def test_a_number_is_no_formula() -> None:
    assert csv_lines([[-5, None]]) == b"-5,\r\n"


class Pages:
    """Queries over a list, in pages of at most two rows."""

    def __init__(self, rows: int) -> None:
        self._rows = [row(number) for number in range(rows)]

    async def list_orders(self, _: OrderFilter, *, after: int | None, limit: int) -> Page[OrderRow, int]:
        start = after or 0
        end = start + min(2, limit)
        return Page(self._rows[start:end], end if end < len(self._rows) else None)


@pytest.mark.parametrize(("rows", "limit", "expected"), [(0, None, 0), (5, None, 5), (5, 3, 3), (5, 9, 5), (4, 2, 2)])
def test_every_page_is_read_up_to_the_limit(rows: int, limit: int | None, expected: int) -> None:
    async def read() -> list[OrderRow]:
        pages = Queries.pages(cast(Any, Pages(rows)), ALL_ORDERS, limit)
        return [each async for page in pages for each in page]

    assert [each.order_id for each in asyncio.run(read())] == [f"o-{number}" for number in range(expected)]
