"""Text of a place in a list of orders: a position, with the order's own time before it in the list of a period."""

import re
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from orders.fields import UtcTime
from projections.order_filter import OrderFilter
from projections.order_pages import LAST_POSITION, OrderCursor

_TIME: Final[TypeAdapter[datetime]] = TypeAdapter(UtcTime)
_POSITION: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def cursor_text(cursor: OrderCursor | None) -> str | None:
    """Write a cursor. A time has the zone `Z`, as a `+` in a URL is a blank."""
    if cursor is None or cursor.at is None:
        return None if cursor is None else str(cursor.position)
    return f"{cursor.at.isoformat().removesuffix('+00:00')}Z~{cursor.position}"


def order_cursor(text: str, wanted: OrderFilter) -> OrderCursor:
    """Read the cursor of an earlier page of a filter's list. Raises ValueError."""
    if wanted.period is None:
        return OrderCursor(_position(text))
    at, _, position = text.partition("~")
    return OrderCursor(_position(position), _TIME.validate_python(at))


def _position(text: str) -> int:
    if not _POSITION.fullmatch(text) or int(text) > LAST_POSITION:
        raise ValueError("is not the position of an order")
    return int(text)
