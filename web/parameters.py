"""Parameters of path and query, with their bounds."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, Field

from orders.fields import Tag
from orders.ids import MAX_TAG, order_id_problem, sku_problem
from projections.projection import Projection
from web.problems import Problem
from web.system import System

MAX_POSITION: Final = 2**63 - 1
WAIT_SECONDS: Final = 10.0
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}", re.ASCII)


def _whole(value: object) -> object:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("must be a whole number")
    return value


def checked(problem_of: Callable[[str], str | None]) -> AfterValidator:
    """A check of a value by the function that returns its problem."""

    def check(text: str) -> str:
        if problem := problem_of(text):
            raise ValueError(problem)
        return text

    return AfterValidator(check)


WHOLE: Final = BeforeValidator(_whole)
# The bounds belong to the number: on a nullable or checked value the description would have them in words that are none of JSON
# Schema's.
_Rows = Annotated[int, Field(ge=1, le=200)]
_Position = Annotated[int, Field(ge=0, le=MAX_POSITION)]
_Entry = Annotated[int, Field(ge=1, le=MAX_POSITION)]
IDENTIFIER: Final = checked(order_id_problem)
OrderId = Annotated[str, IDENTIFIER, Path(alias="orderId", min_length=1, max_length=128, description="the order's id")]
RefundId = Annotated[
    str,
    IDENTIFIER,
    Path(
        alias="refundId",
        min_length=1,
        max_length=128,
        description="the refund's id; `cancellation` is the refund of a cancelled order",
    ),
]
TagName = Annotated[
    Tag, Path(alias="tag", min_length=1, max_length=MAX_TAG, description="the tag; capitals are folded")
]
CustomerId = Annotated[
    str, IDENTIFIER, Path(alias="customerId", min_length=1, max_length=128, description="the customer's id")
]
Limit = Annotated[_Rows, WHOLE, Query(description="at most this many rows")]
_LAST_SEEN: Final = "the id of the last event received; only later ones are sent"
PositionQuery = Annotated[_Position, WHOLE, Query(description=_LAST_SEEN)]
PositionOrNow = Annotated[_Position | None, WHOLE, Query(description=_LAST_SEEN)]
Wait = Annotated[
    _Position | None,
    WHOLE,
    Query(
        description="Read your writes: wait until the projection has reached this position, at most ten seconds.",
    ),
]
AfterEntry = Annotated[_Entry | None, WHOLE, Query(alias="after", description="an earlier page's `after`")]
OfSku = Annotated[
    Annotated[str, checked(sku_problem)] | None,
    Query(alias="sku", max_length=128, description="only this SKU's"),
]
Bulk = Annotated[
    bool, Query(description="the order is one of an import: it gives way to other orders, and may start later")
]
After = Annotated[str | None, Query(max_length=1024, description="an earlier page's `after`")]


async def caught_up(system: System, projection: Projection[Any], wait: int | None) -> None:
    """Wait until the projection has reached a position. Raises a Problem after WAIT_SECONDS."""
    if wait is None:
        return
    try:
        await system.queries.wait_until(projection.name, wait, WAIT_SECONDS)
    except TimeoutError:
        detail = f"{projection.name} has not reached position {wait} within {WAIT_SECONDS:g} s"
        raise Problem(504, "projection-behind", detail) from None


def bad_cursor() -> Problem:
    """Build the problem of an invalid `after`."""
    detail = "is not the cursor of an earlier page of this list"
    return Problem(422, "invalid-request", f"after {detail}", [{"parameter": "after", "detail": detail}])
