"""Parsing of an order from JSON, with all faults at once."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from orders.errors import Fault, InvalidOrder
from orders.faults import shortened
from orders.model import Order, parse_order

MAX_DUPLICATES: Final = 100  # duplicate fields that are reported
MAX_DEPTH: Final = 64
# More than an order of MAX_LINES lines has. Each unknown field is a fault to word: 90,000 of them took 2.6 s.
MAX_FIELDS: Final = 10_000


_TOO_DEEP: Final = "is nested too deeply"


class NotJson(Exception):
    """The bytes are no JSON document, or one beyond its limits. The message follows "the body", or "the line"."""


def read_order(content: bytes, *, now: datetime) -> Order:
    """Parse an order; `now` stands in for a missing placedAt.

    Raises InvalidOrder with every fault, including those of the JSON: of a duplicate field either value could be meant.
    """
    duplicates: list[Fault] = []
    try:
        data = decode_json(content, duplicates)
    except NotJson as error:
        raise InvalidOrder((Fault("", str(error)),)) from None
    try:
        order = parse_order(data, now=now)
    except InvalidOrder as invalid:
        raise InvalidOrder((*duplicates, *invalid.faults), invalid.order_id) from None
    if duplicates:
        raise InvalidOrder(tuple(duplicates), order.order_id)
    return order


def decode_json(content: bytes, duplicates: list[Fault]) -> Any:
    """Decode JSON. Duplicate fields are appended to `duplicates`; the last value wins. 1.0 is the whole number 1.

    Raises NotJson, also for a document of more than MAX_FIELDS fields or MAX_DEPTH levels.
    """
    fields_left = MAX_FIELDS

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal fields_left
        fields_left -= len(pairs)
        if fields_left < 0:
            raise _TooManyFields
        fields = dict(pairs)
        if len(fields) < len(pairs):
            duplicates.extend(Fault("", f"has the field {shortened(n)} twice") for n in _repeated(pairs))
            del duplicates[MAX_DUPLICATES:]
        return fields

    try:
        value = json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=unique, parse_float=_number, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"is not UTF-8 at byte {error.start + 1}") from None
    except (RecursionError, ValueError) as error:
        raise NotJson(_problem_of(error)) from None
    if _is_deeper_than(MAX_DEPTH, value):
        raise NotJson(_TOO_DEEP)
    return value


def _problem_of(error: RecursionError | ValueError) -> str:
    match error:
        case json.JSONDecodeError():
            return f"is not JSON: {error.msg} at column {error.colno}"
        case RecursionError():
            return _TOO_DEEP
        case _NoNumber():
            return f"is not JSON: {error} is no number"
        case _TooManyFields():
            return f"has more than {MAX_FIELDS:,} fields"
        case _:  # all that is left: Python converts no number of thousands of digits
            return "has a number of too many digits"


def _number(text: str) -> int | float:
    """A number with a fraction or an exponent: a whole one of 64 bits is an int, as JSON Schema defines integers."""
    number = float(text)
    if not number.is_integer() or abs(number) > 2**64:
        return number
    try:
        exact = Decimal(text)  # a float may be another number than its text
    except InvalidOperation:  # 0e99999999999999999999
        return number
    return int(exact) if exact == exact.to_integral_value() else number


def _is_deeper_than(most: int, value: Any) -> bool:
    level = [value]
    for _ in range(most):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def _inside(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _repeated(pairs: list[tuple[str, Any]]) -> list[str]:
    return [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]


def _refuse_constant(constant: str) -> None:
    raise _NoNumber(constant)


class _NoNumber(ValueError):
    """NaN or an infinity, which JavaScript and Python write and JSON has not."""


class _TooManyFields(ValueError):
    """The objects of a document have more fields together than MAX_FIELDS."""
