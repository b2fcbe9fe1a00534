"""Translates pydantic's validation errors into messages for the author of an order."""

from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orders.errors import Fault

_LONGEST_VALUE: Final = 40
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
    """Message for an error, worded to follow the field's name."""
    describe = _DESCRIBED.get(details["type"])
    return describe(details["input"], details.get("ctx", {})) if describe else details["msg"]


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


_DESCRIBED: Final[dict[str, Callable[[object, dict[str, Any]], str]]] = {
    "missing": lambda *_: "is required",
    "extra_forbidden": lambda *_: "is not a known field",
    "invalid_key": lambda *_: "has a field whose name is not text",
    "int_type": _not("a whole number"),
    "int_parsing": _not("a whole number"),
    "int_parsing_size": _not("a whole number"),
    "int_from_float": _not("a whole number"),
    "greater_than_equal": lambda value, facts: f"must be at least {facts['ge']:,}, not {shortened(value)}",
    "less_than_equal": lambda value, facts: f"must be at most {facts['le']:,}, not {shortened(value)}",
    "string_type": _not("text"),
    "string_unicode": lambda *_: "must not contain half of a surrogate pair",
    "string_too_long": lambda value, facts: (
        f"must be at most {facts['max_length']:,} characters long, not {len(str(value)):,}"
    ),
    "string_pattern_mismatch": _text_problem,
    "tuple_type": _not("a list"),
    "too_long": lambda _, facts: f"must have at most {facts['max_length']:,} entries",
    "dict_type": _not("an object"),
    "too_short": lambda *_: "must have at least one entry",
    "model_type": _not("an object"),
    "model_attributes_type": _not("an object"),
    "enum": lambda value, facts: f"must be {facts['expected']}, not {shortened(value)}",
    "value_error": lambda _, facts: str(facts["error"]),
}
