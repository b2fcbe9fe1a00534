"""Options of the filter of orders, for every command that takes one."""

import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from enum import StrEnum
from functools import wraps
from inspect import Parameter, signature
from itertools import chain
from typing import Annotated, Any, Final

import typer

from application.metadata_filter import metadata_of
from application.order_cursors import order_cursor
from cli.arguments import CustomerFilter, tags
from cli.running import Exit
from orders.fields import MAX_AMOUNT, utc_time
from projections.order_filter import MAX_SEARCH, BadFilter, OrderFilter, period_of
from projections.order_pages import OrderCursor
from settings import Settings

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


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
    """Read a time, or a day, which stands for its midnight in UTC."""
    try:
        return utc_time(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
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
        help="Only orders placed at that time or later: 2026-01-31T09:30:00Z, or 2026-01-31, from midnight UTC on.",
    ),
]
PlacedTo = Annotated[
    datetime | None,
    typer.Option("--placed-to", parser=_time, metavar="TIME", help="Only orders placed before that time."),
]
_OPTIONS: Final = {"text": "--search"}


def _order_filter(
    search: Search = None,
    status: Statuses = None,
    customer: CustomerFilter = None,
    payment: PaymentFilter = None,
    country: CountryFilter = None,
    on_hold: OnHold = None,
    waiting: Waiting = False,
    currency: CurrencyFilter = None,
    min_total: MinTotal = None,
    max_total: MaxTotal = None,
    tag: Tags = None,
    metadata: MetadataPairs = None,
    placed_from: PlacedFrom = None,
    placed_to: PlacedTo = None,
) -> OrderFilter:
    if search and len(search) > MAX_SEARCH:
        raise typer.BadParameter(f"must have at most {MAX_SEARCH} characters", param_hint="--search")
    try:
        return OrderFilter(
            text=search,
            statuses=tuple(dict.fromkeys(status or ())),
            customer_id=customer,
            payment=payment,
            country=country,
            on_hold=on_hold,
            waiting=waiting,
            currency=currency,
            min_total=min_total,
            max_total=max_total,
            tags=tag or (),
            metadata=metadata_of(metadata or ()),
            period=period_of(placed_from, placed_to),
        )
    except BadFilter as error:
        field, problem = error.faults[0]
        raise typer.BadParameter(problem, param_hint=_OPTIONS.get(field, f"--{field.replace('_', '-')}")) from None


_PARAMETERS: Final = {
    name: each.replace(kind=Parameter.KEYWORD_ONLY) for name, each in signature(_order_filter).parameters.items()
}


def order_filter(given: Mapping[str, Any]) -> OrderFilter:
    """Return the filter of a command's options. Raises typer.BadParameter."""
    return _order_filter(**{name: given[name] for name in _PARAMETERS})


def filtered(command: Callable[..., Coroutine[Any, Any, Exit]]) -> Callable[..., Coroutine[Any, Any, Exit]]:
    """Give a command the options of the filter in place of its argument `wanted`, an OrderFilter."""

    @wraps(command)
    async def with_options(settings: Settings, **options: Any) -> Exit:
        wanted = order_filter(options)
        return await command(
            settings, wanted=wanted, **{name: value for name, value in options.items() if name not in _PARAMETERS}
        )

    own = signature(command)
    parameters = chain.from_iterable(
        _PARAMETERS.values() if name == "wanted" else [each] for name, each in own.parameters.items()
    )
    with_options.__signature__ = own.replace(parameters=list(parameters))  # type: ignore[attr-defined]
    return with_options


def place_in(wanted: OrderFilter, after: str | None) -> OrderCursor | None:
    """Read --after. Raises typer.BadParameter."""
    try:
        return None if after is None else order_cursor(after, wanted)
    except ValueError:
        raise typer.BadParameter("is not the cursor of an earlier page of this list", param_hint="--after") from None
