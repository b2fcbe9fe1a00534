"""Translates pydantic's validation errors into messages for the author of an order."""

from collections.abc import Callable
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from orders.errors import Fault
from orders.fields import Reason

_LONGEST_VALUE: Final = 40
_REASON: Final[TypeAdapter[str]] = TypeAdapter(Reason)
_OF_KEY: Final = "[key]"  # pydantic's step for a fault of the key, not of its value


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """All errors in `error` as faults, in the order of the fields."""
    return tuple(_fault(details) for details in error.errors(include_url=False) if not _is_echo(details))


def shortened(value: object) -> str:
    """A printable, short form of the value."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() if abs(value) >= 10**_LONGEST_VALUE:
            return "a number of more than 40 digits"
        case int() | float():
            return str(value)
        case str():
            return _quoted(value)
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def _quoted(text: str) -> str:
    short = text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
    printable = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short)
    return f'"{printable}"'


def _is_echo(details: ErrorDetails) -> bool:
    # A list whose entries are all faulty is reported as empty, too.
    return details["type"] == "too_short" and bool(details["input"])


def problem_of(details: ErrorDetails) -> str:
    """Message for an error, worded to follow the field's name; never pydantic's own, which names no field."""
    describe = _DESCRIBED.get(details["type"])
    if describe is None:
        return "has a value of another kind than expected"
    return describe(details["input"], details.get("ctx", {}))


def reason_problem(text: str) -> str | None:
    """Problem of `text` as a person's reason, worded to follow the field's name; None for a valid one."""
    try:
        _REASON.validate_python(text)
    except ValidationError as error:
        return problem_of(error.errors()[0])
    return None


def _fault(details: ErrorDetails) -> Fault:
    return Fault(_path(details["loc"]), problem_of(details))


def _path(steps: tuple[int | str, ...]) -> str:
    path = ""
    for step in steps:
        if step == _OF_KEY:
            continue
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = step if step.isidentifier() and len(step) <= _LONGEST_VALUE else _quoted(step)
            path += f".{name}" if path else name
    return path


def _text_problem(value: object, _: dict[str, Any]) -> str:
    if not isinstance(value, str):
        return f"must be text, not {shortened(value)}"
    if "\x00" in value:
        return "must not contain a NUL character"
    return "must not be empty" if not value.strip() else f"is not in the expected form: {shortened(value)}"


def _not(expected: str) -> Callable[[object, dict[str, Any]], str]:
    return lambda value, _: f"must be {expected}, not {shortened(value)}"


def _bound(relation: str, name: str) -> Callable[[object, dict[str, Any]], str]:
    def describe(value: object, facts: dict[str, Any]) -> str:
        match facts[name]:
            case str() as duration:
                return f"must be {relation} {duration}"
            case limit:
                return f"must be {relation} {limit if isinstance(limit, float) else format(limit, ',')}, not {shortened(value)}"

    return describe


_WHOLE: Final = _not("a whole number")
_NUMBER: Final = _not("a number")
_YES_OR_NO: Final = _not("true or false")
_DATE: Final = _not("a date that exists, such as 2026-01-31")
_TIME: Final = _not("a time such as 2026-01-31T09:30:00Z")
_DURATION: Final = _not("a duration such as P3D or PT2H, or a number of seconds")
_OBJECT: Final = _not("an object")
_LIST: Final = _not("a list")
_DESCRIBED: Final[dict[str, Callable[[object, dict[str, Any]], str]]] = {
    "missing": lambda *_: "is required",
    "extra_forbidden": lambda *_: "is not a known field",
    "invalid_key": lambda *_: "has a field whose name is not text",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
    "greater_than": _bound("more than", "gt"),
    "less_than": _bound("less than", "lt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
    "string_type": _not("text"),
    "string_unicode": lambda *_: "must not contain half of a surrogate pair",
    "string_too_short": lambda value, facts: (
        f"must be at least {facts['min_length']:,} {'character' if facts['min_length'] == 1 else 'characters'} long, "
        f"not {len(str(value)):,}"
    ),
    "string_too_long": lambda value, facts: (
        f"must be at most {facts['max_length']:,} characters long, not {len(str(value)):,}"
    ),
    "string_pattern_mismatch": _text_problem,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "too_short": lambda *_: "must have at least one entry",
    "too_long": lambda _, facts: f"must have at most {facts['max_length']:,} entries",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "json_invalid": lambda *_: "is not valid JSON",
    "json_type": _not("JSON text"),
    "enum": lambda value, facts: f"must be {facts['expected']}, not {shortened(value)}",
    "literal_error": lambda value, facts: f"must be {facts['expected']}, not {shortened(value)}",
    "value_error": lambda _, facts: str(facts["error"]),
}
