"""Stock levels from a CSV file with the header sku,name,unitPrice,unitsInStock, and optional columns of customs data."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from inventory.customs_columns import CUSTOMS_COLUMNS, NO_CUSTOMS_DATA, CustomsData, customs_data, customs_problems
from orders.ids import blank_problem, is_visible
from orders.ids import sku_problem as problem_of_sku

COLUMNS = ("sku", "name", "unitPrice", "unitsInStock")
MAX_BIGINT = 2**63 - 1
MAX_NAME_CHARACTERS = 512
_WHOLE_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
# Bytes that are not UTF-8, as Python's error handler surrogateescape decodes them.
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class StockRow:
    """Level of one SKU: available units; unit_price in minor units; None keeps the stored value."""

    sku: str
    units: int
    name: str | None = None
    unit_price: int | None = None
    customs: CustomsData = NO_CUSTOMS_DATA


@dataclass(frozen=True, slots=True)
class StockFault:
    """An error in the file: line from 1 (the header), and the column if the error is in one."""

    line: int
    column: str | None
    problem: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.column is None else f"line {self.line}, {self.column}"
        return f"{place}: {self.problem}"


class InvalidStockFile(ValueError):
    """The file was refused and nothing imported: correct every error listed, then import again."""

    def __init__(self, faults: tuple[StockFault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def read_stock_csv(source: str | bytes | Path) -> list[StockRow]:
    """Parse CSV, text or UTF-8, or the file at a Path, in file order.

    name and unitPrice may be empty. Raises InvalidStockFile with all errors of the file, or OSError.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    text = content if isinstance(content, str) else content.decode(errors="surrogateescape")
    records = _records(text.removeprefix("\ufeff"))
    header_line, header = next(records, (1, []))
    faults = [header] if isinstance(header, StockFault) else list(_header_faults(header_line, header))
    if faults or isinstance(header, StockFault):
        raise InvalidStockFile(tuple(faults))
    rows: list[StockRow] = []
    first_lines: dict[str, int] = {}
    for line, record in records:
        found = [record] if isinstance(record, StockFault) else _row(line, header, record, first_lines)
        if isinstance(found, StockRow):
            rows.append(found)
        else:
            faults.extend(found)
    if faults:
        raise InvalidStockFile(tuple(faults))
    return rows


def _records(text: str) -> Iterator[tuple[int, list[str] | StockFault]]:
    """Yield each record that is not blank, or why it cannot be read, with its first line: a quoted field may span several
    lines."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error:
            yield line, StockFault(line, None, "is not CSV: look for a quote that is not closed or not doubled")
        else:
            if record is None:
                return
            if any(map(_NOT_UTF_8.search, record)):
                yield line, StockFault(line, None, "is not UTF-8: save the file as CSV in UTF-8")
            elif any(map(str.strip, record)):
                yield line, [field.strip() for field in record]
        line = reader.line_num + 1


def _header_faults(line: int, header: list[str]) -> Iterator[StockFault]:
    for column in COLUMNS:
        if header.count(column) != 1:
            problem = "the column is missing" if column not in header else "the column is there twice"
            yield StockFault(line, column, f"{problem}; the header must be {','.join(COLUMNS)}")
    for column in header:
        if column in CUSTOMS_COLUMNS and header.count(column) == 1:
            continue
        if column not in COLUMNS:
            yield StockFault(line, _shown(column), f"unknown column; the header must be {','.join(COLUMNS)}")


def _row(line: int, header: list[str], record: list[str], first_lines: dict[str, int]) -> StockRow | list[StockFault]:
    if len(record) != len(header):
        return [StockFault(line, None, f"has {len(record)} fields where the header has {len(header)}")]
    field = dict(zip(header, record, strict=True))
    sku = field["sku"]
    problems = {
        "sku": sku_problem(sku),
        "name": _name_problem(field["name"]),
        "unitPrice": _number_problem(field["unitPrice"], "minor units") if field["unitPrice"] else None,
        "unitsInStock": _number_problem(field["unitsInStock"], "units"),
        **customs_problems(field),
    }
    first = first_lines.setdefault(sku, line)
    if first != line:
        problems["sku"] = problems["sku"] or f"{_shown(sku)} is already on line {first}"
    faults = [StockFault(line, column, problem) for column, problem in problems.items() if problem]
    if faults:
        return faults
    price = int(field["unitPrice"]) if field["unitPrice"] else None
    return StockRow(
        sku,
        int(field["unitsInStock"]),
        field["name"] if is_visible(field["name"]) else None,
        price,
        customs_data(field),
    )


def sku_problem(sku: str) -> str | None:
    """Return why the text is no valid SKU, as a predicate of the field's name, or None."""
    return problem_of_sku(sku) or blank_problem(sku)


def _name_problem(name: str) -> str | None:
    if len(name) > MAX_NAME_CHARACTERS:
        return f"is longer than {MAX_NAME_CHARACTERS} characters"
    return None if name.isprintable() else f"holds control characters: {_shown(name)}"


def _number_problem(text: str, unit: str) -> str | None:
    if _WHOLE_NUMBER.fullmatch(text) and int(text) <= MAX_BIGINT:
        return None
    return f"must be a whole number of {unit} from 0 to {MAX_BIGINT}, not {_shown(text)}"


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
