"""`orders list`: pages of the read model order-dashboard."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from application.balances import payment_word
from application.order_cursors import cursor_text
from application.order_export import exported
from application.wire import camel_case
from cli.arguments import LARGEST, AsJson
from cli.order_filter import filtered, order_filter, place_in
from cli.output import moment, print_cursor, show, show_bytes, show_json, status_text, table
from cli.running import executed, opened
from orders.money import format_money
from projections.order_dashboard import OrderRow
from projections.order_filter import OrderFilter
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

_PAGE: Final = 50
_MOST: Final = 10_000  # of a table, or of one document


AsCsv = Annotated[
    bool, typer.Option("--csv", help="Print all orders that the filter finds as CSV, --limit at most if it is given.")
]
AsJsonLines = Annotated[bool, typer.Option("--jsonl", help="As --csv, in JSON Lines.")]
AsIds = Annotated[bool, typer.Option("--ids", help="As --csv, but the orders' ids alone, one a line.")]
MaxOrders = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, max=LARGEST, help="At most this many orders; of a table and of --json 50 by default."
    ),
]
AfterOrder = Annotated[str | None, typer.Option("--after", metavar="CURSOR", help="Go on where an earlier page ended.")]


def _require_sense(given: Mapping[str, Any]) -> None:
    """Refuse values that no order could match, and options that exclude each other."""
    exports = given["as_csv"] or given["as_json_lines"] or given["as_ids"]
    place_in(order_filter(given), given["after"])
    if given["as_csv"] + given["as_json_lines"] + given["as_ids"] + given["as_json"] > 1:
        raise typer.BadParameter("only one of --csv, --jsonl, --ids and --json can be given", param_hint="--csv")
    if given["limit"] and given["limit"] > _MOST and not exports:
        raise typer.BadParameter(f"must be at most {_MOST:,} without --csv, --jsonl or --ids", param_hint="--limit")
    if given["after"] and exports:
        raise typer.BadParameter("an export has all orders: leave out --after", param_hint="--after")


@executed(check=_require_sense)
@filtered
async def list_orders(
    settings: Settings,
    *,
    wanted: OrderFilter,
    limit: MaxOrders = None,
    after: AfterOrder = None,
    as_csv: AsCsv = False,
    as_json_lines: AsJsonLines = False,
    as_ids: AsIds = False,
    as_json: AsJson = False,
) -> None:
    """List orders, the last entered first, from the order-dashboard read model.

    An order must match all filters. With --placed-from or --placed-to the list goes by the time of placing, which an import
    may give as any earlier time. --search takes words or their beginnings, in any order and case, with or without accents.
    """
    async with opened(settings) as app:
        if as_csv or as_json_lines:
            async for piece in exported(app.queries.pages(wanted, limit), "csv" if as_csv else "jsonl"):
                show_bytes(piece)
            return
        if as_ids:
            async for rows in app.queries.pages(wanted, limit):
                show_bytes("".join(f"{row.order_id}\n" for row in rows).encode())
            return
        page = await app.queries.list_orders(wanted, after=place_in(wanted, after), limit=limit or _PAGE)
    if as_json:
        show_json({"orders": [camel_case(asdict(row)) for row in page.rows], "after": cursor_text(page.after)})
    else:
        show(_order_table(page.rows))
        print_cursor(cursor_text(page.after))


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
        "name",
        "status",
        "payment",
        "total",
        "placed",
        "tracking number, or reason",
        rows=(
            (
                row.order_id,
                row.customer_id,
                row.customer_name,
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
