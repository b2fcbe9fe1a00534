"""From a line of JSON to an order, with all that is wrong with it at once."""

import json
from datetime import datetime
from typing import Any, Final

from cli.lines import MAX_LINE
from orders.errors import Fault, InvalidOrder
from orders.faults import shortened
from orders.model import Order, parse_order

_TOO_LONG: Final = Fault("", f"the line is longer than {MAX_LINE // 1024**2} MiB")


def read_order(content: bytes | None, *, now: datetime) -> Order:
    """The order on a line, None being one that is too long; `now` where it has no placedAt.

    Raises InvalidOrder with every fault, those of its JSON included: a field that is there twice could mean either.
    """
    if content is None:
        raise InvalidOrder((_TOO_LONG,))
    twice: list[Fault] = []
    data = _decoded(content, twice)
    try:
        order = parse_order(data, now=now)
    except InvalidOrder as invalid:
        raise InvalidOrder((*twice, *invalid.faults)) from None
    if twice:
        raise InvalidOrder(tuple(twice))
    return order


def _decoded(content: bytes, twice: list[Fault]) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            names = [name for name, _ in pairs]
            twice.extend(Fault("", f"has the field {shortened(n)} twice") for n in fields if names.count(n) > 1)
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
    raise InvalidOrder((Fault("", problem),)) from None


def _refuse_constant(constant: str) -> None:
    raise _NoNumber(constant)


class _NoNumber(ValueError):
    """NaN or an infinity, which JavaScript and Python write and JSON has not."""
