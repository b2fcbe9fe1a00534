"""From JSON to an order, with all that is wrong with it at once."""

import json
from collections import Counter
from datetime import datetime
from typing import Any, Final

from orders.errors import Fault, InvalidOrder
from orders.faults import shortened
from orders.model import Order, parse_order

MAX_TWICE: Final = 100  # fields that are there twice, which are told


class NotJson(Exception):
    """The bytes are no JSON document. The message follows "the body", or "the line"."""


def read_order(content: bytes, *, now: datetime) -> Order:
    """The order that is written there; `now` where it has no placedAt.

    Raises InvalidOrder with every fault, those of its JSON included: a field that is there twice could mean either.
    """
    twice: list[Fault] = []
    try:
        data = decode_json(content, twice)
    except NotJson as error:
        raise InvalidOrder((Fault("", str(error)),)) from None
    try:
        order = parse_order(data, now=now)
    except InvalidOrder as invalid:
        raise InvalidOrder((*twice, *invalid.faults)) from None
    if twice:
        raise InvalidOrder(tuple(twice))
    return order


def decode_json(content: bytes, twice: list[Fault]) -> Any:
    """The JSON value; fields that are there twice, of which the last counts, are told in `twice`. Raises NotJson."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            twice.extend(Fault("", f"has the field {shortened(n)} twice") for n in _repeated(pairs))
            del twice[MAX_TWICE:]
        return fields

    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 at byte {error.start + 1}"
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        problem = "is nested too deeply"
    except _NoNumber as error:
        problem = f"is not JSON: {error} is no number"
    except ValueError:  # all that is left: Python converts no number of thousands of digits
        problem = "has a number of too many digits"
    raise NotJson(problem)


def _repeated(pairs: list[tuple[str, Any]]) -> list[str]:
    return [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]


def _refuse_constant(constant: str) -> None:
    raise _NoNumber(constant)


class _NoNumber(ValueError):
    """NaN or an infinity, which JavaScript and Python write and JSON has not."""
