"""Every statement over the log, with recent orders and events as its arguments; those named `old_…` with any."""

import random
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore import statements
from order_streams.statements import EVENTS_OF_STREAMS, STREAM_NAMES

Arguments: TypeAlias = Callable[[], tuple[Any, ...]]

PAGE: Final = 500
LANES: Final = 16
_BYTES: Final = 4_000_000
_TYPES: Final = ["order.placed", "order.confirmed", "order.shipped", "order.cancelled"]
_ANY: Final = -1  # expected version
_RECENT: Final = 1_000  # orders that something still happens to: traffic is at these, however many there were before
_RECENT_EVENTS: Final = 5_000
_EVENT: Final = ("order.noted", 1, '{"orderId": "o-1", "customerId": "c-1"}', '{"actor": "bench"}')


class LogStatements:
    """Statements by name, each with a function that makes its next arguments. orders: their number; head: the last position."""

    def __init__(self, orders: int, head: int) -> None:
        self._orders, self._head, self._any = orders, head, random.Random(1)

    def reads(self) -> dict[str, tuple[str, Arguments]]:
        """Reads of streams, of pages anywhere in the log and at its end, and of single events."""
        return {
            "stream": (statements.READ_STREAM, lambda: (self._stream(), 1, PAGE)),
            "old_stream": (statements.READ_STREAM, lambda: (self._old_stream(), 1, PAGE)),
            "stream_backwards": (statements.READ_STREAM_BACKWARDS, lambda: (self._stream(), 2**31, 1)),
            "streams": (EVENTS_OF_STREAMS, lambda: ([self._stream() for _ in range(20)],)),
            "stream_names": (STREAM_NAMES, lambda: (self._stream(), "order-p", PAGE)),
            "page": (statements.READ_ALL, lambda: self._page(self._recent_position(), None)),
            "old_page": (statements.READ_ALL, lambda: self._page(self._any.randrange(self._head), None)),
            "page_of_types": (statements.READ_ALL, lambda: self._page(self._recent_position(), _TYPES)),
            "page_at_end": (statements.READ_ALL, lambda: (self._head, self._head, None, None, None, PAGE, _BYTES)),
            "next_page": (statements.NEXT_PAGE, lambda: self._next_page(self._recent_position())),
            "next_page_at_end": (statements.NEXT_PAGE, lambda: self._next_page(self._head)),
            "event": (statements.READ_AT, lambda: (1 + self._recent_position(),)),
            "known_ids": (statements.KNOWN, lambda: ([uuid.UUID(int=self._any.getrandbits(128)) for _ in range(50)],)),
            "settled": (statements.SETTLED, tuple),
            "sequence_lag": (statements.SEQUENCE_LAG, tuple),
            "reader_lags": (statements.READER_LAGS, tuple),
            "lag": (statements.LAG, lambda: (DISPATCHER,)),
            "parked": (statements.LIST_PARKED, lambda: ("order-dashboard", 0, PAGE)),
        }

    def writes(self) -> dict[str, tuple[str, Arguments]]:
        """Appends to streams that exist and to a new one."""
        type_, version, data, metadata = _EVENT
        return {
            "append_one": (
                statements.APPEND_LONE,
                lambda: (self._stream(), _ANY, uuid.uuid4(), type_, version, data, metadata),
            ),
            "append_new": (
                statements.APPEND_LONE,
                lambda: (f"order-{uuid.uuid4()}", 0, uuid.uuid4(), type_, version, data, metadata),
            ),
            "append": (
                statements.APPEND,
                lambda: (self._stream(), _ANY, [uuid.uuid4()], [type_], [version], [data], [metadata]),
            ),
        }

    def _stream(self) -> str:
        return f"order-o-{self._orders - self._any.randrange(min(self._orders, _RECENT))}"

    def _old_stream(self) -> str:
        return f"order-o-{1 + self._any.randrange(self._orders)}"

    def _recent_position(self) -> int:
        return self._head - 1 - self._any.randrange(min(self._head, _RECENT_EVENTS))

    def _page(self, after: int, types: list[str] | None) -> tuple[Any, ...]:
        return after, self._head, types, None, None, PAGE, _BYTES

    def _next_page(self, position: int) -> tuple[Any, ...]:
        lanes = [position] * LANES
        return DISPATCHER, lanes, lanes, _TYPES, "order", None, PAGE, _BYTES
