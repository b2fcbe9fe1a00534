"""From a line of a file to an order, with all that is wrong with it at once."""

from datetime import datetime
from typing import Final

from application import order_json
from cli.lines import MAX_LINE
from orders.errors import Fault, InvalidOrder
from orders.model import Order

_TOO_LONG: Final = Fault("", f"the line is longer than {MAX_LINE // 1024**2} MiB")


def read_order(content: bytes | None, *, now: datetime) -> Order:
    """The order on a line, None being one that is too long; `now` where it has no placedAt. Raises InvalidOrder."""
    if content is None:
        raise InvalidOrder((_TOO_LONG,))
    return order_json.read_order(content, now=now)
