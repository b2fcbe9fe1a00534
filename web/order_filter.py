"""Filter of a list of orders, as the list and its export take it from the query."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator

from application.metadata_filter import metadata_of
from application.order_export import OrderFilter
from orders.fields import Tag
from projections.queries import Period
from web.parameters import CustomerFilter, PlacedFrom, PlacedTo, StatusFilter, Waiting, require_alone


def _pairs(given: tuple[str, ...]) -> tuple[str, ...]:
    metadata_of(given)
    return given


TagFilter = Annotated[
    tuple[Tag, ...], Query(alias="tag", description="only orders with this tag; several: with all of them")
]
MetadataFilter = Annotated[
    tuple[str, ...],
    AfterValidator(_pairs),
    Query(
        alias="metadata",
        description="`KEY:VALUE`: only orders with this value under this key of their metadata; several: with all of them",
    ),
]


def order_filter(
    status: StatusFilter = None,
    customer_id: CustomerFilter = None,
    placed_from: PlacedFrom = None,
    placed_to: PlacedTo = None,
    waiting: Waiting = False,
    tags: TagFilter = (),
    metadata: MetadataFilter = (),
) -> OrderFilter:
    """Build the filter. Raises 422 where `waiting` is given together with another one."""
    require_alone(waiting, status, customer_id, placed_from, placed_to, tags or None, metadata or None)
    period = Period(placed_from, placed_to) if placed_from or placed_to else None
    return OrderFilter(status, customer_id, period, waiting, tags, metadata_of(metadata))


Filtered = Annotated[OrderFilter, Depends(order_filter)]
