"""`orders list`: pages of the read model order-dashboard."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from application.balances import payment_word
from application.metadata_filter import metadata_of
from application.order_export import OrderFilter, exported
from application.wire import camel_case
from cli.arguments import LARGEST, AsJson, CustomerFilter, tags
from cli.output import moment, print_cursor, show, show_bytes, show_json, status_text, table
from cli.running import executed, opened
from orders.money import format_money
from projections.order_dashboard import OrderRow
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

_PAGE: Final = 50
_MOST: Final = 10_000  # of a table, or of one document


class Status(StrEnum):
    """Status of an order."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


def _metadata(given: list[str] | None) -> list[str] | None:
    try:
        metadata_of(given or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return given


AsCsv = Annotated[
    bool, typer.Option("--csv", help="Print all orders that the filter finds as CSV, --limit at most if it is given.")
]
AsJsonLines = Annotated[bool, typer.Option("--jsonl", help="As --csv, in JSON Lines.")]
Waiting = Annotated[
    bool,
    typer.Option("--waiting", help="Only orders on hold or that wait for another payment; without another filter."),
]
MaxOrders = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, max=LARGEST, help="At most this many orders; of a table and of --json 50 by default."
    ),
]
StatusFilter = Annotated[
    Status | None,
    typer.Option("--status", metavar="STATUS", help=f"Only orders in this status: {', '.join(Status)}."),
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
AfterOrder = Annotated[
    int | None, typer.Option("--after", min=1, max=LARGEST, help="Go on where an earlier page ended.")
]


def _require_sense(given: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other."""
    exports = given["as_csv"] or given["as_json_lines"]
    if given["waiting"] and any(given[name] for name in ("status", "customer", "tag", "metadata")):
        raise typer.BadParameter("cannot be combined with another filter", param_hint="--waiting")
    if given["as_csv"] + given["as_json_lines"] + given["as_json"] > 1:
        raise typer.BadParameter("only one of --csv, --jsonl and --json can be given", param_hint="--csv")
    if given["limit"] and given["limit"] > _MOST and not exports:
        raise typer.BadParameter(f"must be at most {_MOST:,} without --csv or --jsonl", param_hint="--limit")
    if given["after"] and exports:
        raise typer.BadParameter("an export has all orders: leave out --after", param_hint="--after")


@executed(check=_require_sense)
async def list_orders(
    settings: Settings,
    status: StatusFilter = None,
    customer: CustomerFilter = None,
    tag: Tags = None,
    metadata: MetadataPairs = None,
    waiting: Waiting = False,
    limit: MaxOrders = None,
    after: AfterOrder = None,
    as_csv: AsCsv = False,
    as_json_lines: AsJsonLines = False,
    as_json: AsJson = False,
) -> None:
    """List orders, the last placed first, from the order-dashboard read model."""
    async with opened(settings) as app:
        found = OrderFilter(status, customer, None, waiting, tag or (), metadata_of(metadata or ()))
        if as_csv or as_json_lines:
            async for piece in exported(found.pages(app.queries, limit), "csv" if as_csv else "jsonl"):
                show_bytes(piece)
            return
        page = await found.page(app.queries, after, limit or _PAGE)
    if as_json:
        show_json({"orders": [camel_case(asdict(row)) for row in page.rows], "after": page.after})
    else:
        show(_order_table(page.rows))
        print_cursor(page.after)


def _last_column(row: OrderRow) -> str | None:
    if row.hold_reason:
        return f"on hold: {row.hold_reason}"
    if row.waits_until:
        return f"payment failed: {row.payment_failure}, waits until {moment(row.waits_until)}"
    return row.tracking_number or row.reason


def _order_table(rows: Iterable[OrderRow]) -> "Table":
    return table(
        "order",
        "customer",
        "status",
        "payment",
        "total",
        "placed",
        "tracking number, or reason",
        rows=(
            (
                row.order_id,
                row.customer_id,
                status_text(row.status),
                payment_word(row.payment_state, row.amount_refunded),
                format_money(row.total, row.currency),
                row.placed_at,
                _last_column(row),
            )
            for row in rows
        ),
        right=("total",),
    )
