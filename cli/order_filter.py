"""Options of the filter of orders, for every command that takes one."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from application.metadata_filter import metadata_of
from application.order_cursors import order_cursor
from cli.arguments import tags
from orders.fields import MAX_AMOUNT, utc_time
from projections.order_filter import MAX_SEARCH, BadFilter, OrderFilter, Period
from projections.order_pages import OrderCursor


class Status(StrEnum):
    """Status of an order."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """Payment state of an order."""

    NONE = "none"
    PAID = "paid"
    REFUNDED = "refunded"


def _time(text: str) -> datetime:
    try:
        return utc_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _metadata(given: list[str] | None) -> list[str] | None:
    try:
        metadata_of(given or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return given


_AMOUNT: Final = {"min": 0, "max": MAX_AMOUNT, "metavar": "MINOR_UNITS"}
Search = Annotated[
    str | None,
    typer.Option(
        "--search",
        metavar="TEXT",
        help="Only orders with these words, or words that begin so: in the order's or customer's id, the customer's name, the "
        "address, a SKU, the payment's id or the tracking number.",
    ),
]
Statuses = Annotated[
    list[Status] | None,
    typer.Option(
        "--status", metavar="STATUS", help=f"Only orders in this status, or one of several: {', '.join(Status)}."
    ),
]
PaymentFilter = Annotated[
    PaymentState | None,
    typer.Option("--payment", metavar="STATE", help=f"Only orders in this payment state: {', '.join(PaymentState)}."),
]
CountryFilter = Annotated[
    str | None,
    typer.Option("--country", metavar="COUNTRY", help="Only orders to this country: a code such as DE, or its name."),
]
OnHold = Annotated[
    bool | None, typer.Option("--on-hold/--not-on-hold", help="Only orders on hold, or only those that are not.")
]
Waiting = Annotated[bool, typer.Option("--waiting", help="Only orders on hold or that wait for another payment.")]
CurrencyFilter = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Only orders in this currency, such as EUR.")
]
MinTotal = Annotated[
    int | None, typer.Option("--min-total", **_AMOUNT, help="Only orders of at least this total; with --currency.")
]
MaxTotal = Annotated[
    int | None, typer.Option("--max-total", **_AMOUNT, help="Only orders of at most this total; with --currency.")
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="Only orders with this tag; several: with all of them.", callback=tags),
]
MetadataPairs = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata",
        metavar="KEY:VALUE",
        help="Only orders with this value under this key of their metadata; several: with all of them.",
        callback=_metadata,
    ),
]
PlacedFrom = Annotated[
    datetime | None,
    typer.Option(
        "--placed-from",
        parser=_time,
        metavar="TIME",
        help="Only orders placed at that time or later: 2026-01-31T09:30:00Z.",
    ),
]
PlacedTo = Annotated[
    datetime | None,
    typer.Option("--placed-to", parser=_time, metavar="TIME", help="Only orders placed before that time."),
]
_OPTIONS: Final = {"text": "--search"}


def order_filter(given: Mapping[str, Any]) -> OrderFilter:
    """Return the filter of a command's options, by the names of its parameters. Raises typer.BadParameter."""
    since, before = given["placed_from"], given["placed_to"]
    if given["search"] and len(given["search"]) > MAX_SEARCH:
        raise typer.BadParameter(f"must have at most {MAX_SEARCH} characters", param_hint="--search")
    try:
        return OrderFilter(
            text=given["search"],
            statuses=tuple(dict.fromkeys(given["status"] or ())),
            customer_id=given["customer"],
            tags=given["tag"] or (),
            metadata=metadata_of(given["metadata"] or ()),
            period=Period(since, before) if since or before else None,
            **{
                name: given[name]
                for name in ("payment", "country", "on_hold", "waiting", "currency", "min_total", "max_total")
            },
        )
    except BadFilter as error:
        option = _OPTIONS.get(error.field, f"--{error.field.replace('_', '-')}")
        raise typer.BadParameter(error.problem, param_hint=option) from None


def place_in(wanted: OrderFilter, after: str | None) -> OrderCursor | None:
    """Read --after. Raises typer.BadParameter."""
    try:
        return None if after is None else order_cursor(after, wanted)
    except ValueError:
        raise typer.BadParameter("is not the cursor of an earlier page of this list", param_hint="--after") from None
