"""Parameters of the filter of orders, the same for the list and its export."""

from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import AfterValidator, Field

from application.documents import PaymentState, Status
from application.metadata_filter import metadata_of
from application.order_cursors import order_cursor
from orders.fields import MAX_AMOUNT, Tag, UtcTime
from projections.order_filter import MAX_SEARCH, PROBLEMS, BadFilter, OrderFilter, period_of
from projections.order_pages import OrderCursor
from web.parameters import IDENTIFIER, WHOLE, bad_cursor, checked
from web.problems import parameter_faults


def _pairs(given: tuple[str, ...]) -> tuple[str, ...]:
    metadata_of(given)
    return given


_Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Search = Annotated[
    Annotated[str, checked(PROBLEMS["text"])] | None,
    Query(
        max_length=MAX_SEARCH,
        description="words or their beginnings, in any order and case, without accents: of the order's or customer's id, the "
        "customer's name, the address, a SKU, the payment's id or the tracking number; all of them must be found",
    ),
]
Statuses = Annotated[
    tuple[Status, ...], Query(alias="status", description="only orders in this status; several: in one of them")
]
CustomerFilter = Annotated[
    Annotated[str, IDENTIFIER] | None,
    Query(alias="customerId", max_length=128, description="only this customer's orders"),
]
PaymentFilter = Annotated[PaymentState | None, Query(description="only orders in this payment state")]
CountryFilter = Annotated[
    Annotated[str, checked(PROBLEMS["country"])] | None,
    Query(max_length=64, description="only orders to this country: an ISO 3166-1 code, or its English name"),
]
OnHold = Annotated[bool | None, Query(alias="onHold", description="only orders on hold, or only those that are not")]
Waiting = Annotated[bool, Query(description="only orders on hold or that wait for another payment")]
CurrencyFilter = Annotated[
    Annotated[str, checked(PROBLEMS["currency"])] | None,
    Query(min_length=3, max_length=3, description="only orders in this currency: an ISO 4217 code"),
]
MinTotal = Annotated[
    _Amount | None,
    WHOLE,
    Query(alias="minTotal", description="only orders of at least this total, in minor units of `currency`"),
]
MaxTotal = Annotated[
    _Amount | None, WHOLE, Query(alias="maxTotal", description="only orders of at most this total, in minor units")
]
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
PlacedFrom = Annotated[
    UtcTime | None, Query(alias="placedFrom", description="only orders placed at that time or later (RFC 3339)")
]
PlacedTo = Annotated[UtcTime | None, Query(alias="placedTo", description="only orders placed before that time")]
_PARAMETERS: Final = {"text": "q", "min_total": "minTotal", "max_total": "maxTotal"}


def _order_filter(
    q: Search = None,
    status: Statuses = (),
    customer_id: CustomerFilter = None,
    payment: PaymentFilter = None,
    country: CountryFilter = None,
    on_hold: OnHold = None,
    waiting: Waiting = False,
    currency: CurrencyFilter = None,
    min_total: MinTotal = None,
    max_total: MaxTotal = None,
    tags: TagFilter = (),
    metadata: MetadataFilter = (),
    placed_from: PlacedFrom = None,
    placed_to: PlacedTo = None,
) -> OrderFilter:
    """Return the filter of a request. Raises Problem."""
    try:
        return OrderFilter(
            text=q,
            statuses=tuple(dict.fromkeys(status)),
            customer_id=customer_id,
            payment=payment,
            country=country,
            on_hold=on_hold,
            waiting=waiting,
            currency=currency,
            min_total=min_total,
            max_total=max_total,
            tags=tags,
            metadata=metadata_of(metadata),
            period=period_of(placed_from, placed_to),
        )
    except BadFilter as error:
        raise parameter_faults([(_PARAMETERS.get(field, field), problem) for field, problem in error.faults]) from None


WantedOrders = Annotated[OrderFilter, Depends(_order_filter)]


def place_in(wanted: OrderFilter, after: str | None) -> OrderCursor | None:
    """Read `after`. Raises Problem."""
    try:
        return None if after is None else order_cursor(after, wanted)
    except ValueError:
        raise bad_cursor() from None
