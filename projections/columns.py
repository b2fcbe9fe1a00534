"""Columns of a read model's table, derived from the fields of its row: names, SQL types, and rows from records."""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

R = TypeVar("R")
# A sum of amounts: each fits bigint, the sum need not.
Sum: TypeAlias = Annotated[int, "numeric"]
_JSON: Final = "jsonb"
_SQL_TYPES: Final[Mapping[Any, str]] = {
    bool: "boolean",
    int: "bigint",
    Sum: "numeric",
    Decimal: "numeric",
    str: "text",
    date: "date",
    datetime: "timestamp with time zone",
    list[str]: _JSON,
    dict[str, str]: _JSON,
}


def columns(row: type[Any]) -> Mapping[str, str]:
    """The columns of a row's table and their SQL types, in the order of the row's fields."""
    return {name: _SQL_TYPES[_without_none(hint)] for name, hint in _hints(row).items()}


def row_of(row: type[R], record: Iterable[Any]) -> R:
    values = [value.replace(tzinfo=UTC) if _is_infinity(value) else value for value in record]
    for index in _sums(cast(Hashable, row)):
        if values[index] is not None:
            values[index] = int(values[index])
    for index in _documents(cast(Hashable, row)):
        values[index] = json.loads(values[index])
    return row(*values)


def record_of(row: type[R]) -> Callable[[R], tuple[Any, ...]]:
    """The function from a row to its record, as the driver takes it: documents as their text."""
    values, documents = attrgetter(*columns(row)), _documents(cast(Hashable, row))

    def record(of: R) -> tuple[Any, ...]:
        made = list(values(of))
        for index in documents:
            document = made[index]
            made[index] = json.dumps(document) if document else str(document)  # most are empty: [] or {}
        return tuple(made)

    return record if documents else values


def _is_infinity(value: object) -> bool:
    """True for the first and the last time of Python, which the driver stores as PostgreSQL's infinities and returns without
    a zone."""
    return isinstance(value, datetime) and value.tzinfo is None


@cache
def _sums(row: Hashable) -> tuple[int, ...]:
    """The places of the fields that the driver gives as Decimal and the row has as int."""
    return tuple(index for index, hint in enumerate(_hints(row).values()) if _without_none(hint) == Sum)


@cache
def _documents(row: Hashable) -> tuple[int, ...]:
    """The places of the fields that the driver gives and takes as the text of a JSON document."""
    return tuple(index for index, sql_type in enumerate(columns(cast(type[Any], row)).values()) if sql_type == _JSON)


def _hints(row: Any) -> dict[str, Any]:
    return get_type_hints(row, include_extras=True)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        [hint] = (each for each in get_args(hint) if each is not NoneType)
    return hint
