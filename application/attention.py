"""Document of `orders attention` and of GET /v1/attention, and its cursors."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from application.cursors import decode_cursor, encode_cursor
from application.wire import camel_case
from open_work.attention_list import StuckList, StuckPage

_PLACE_SIZE = 5  # parts of `Stuck.place`


def attention_document(found: StuckList, page: StuckPage) -> dict[str, Any]:
    """Return a page of the list. more: there are more rows; complete: false where Temporal did not respond."""
    return {
        "stuck": [camel_case(asdict(each)) for each in page.rows],
        "counts": found.by_kind,
        "more": page.more,
        "after": attention_cursor(page),
        "complete": found.problem is None,
    }


def attention_cursor(page: StuckPage) -> str | None:
    return encode_cursor(*page.after) if page.after else None


def place_of(cursor: str | None) -> Sequence[str]:
    """Return the place that a cursor names, or that before the first row. Raises ValueError for any other text."""
    return () if cursor is None else decode_cursor(cursor, _PLACE_SIZE)
