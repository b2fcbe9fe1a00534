"""`orders list`: pages of the read model order-dashboard."""

from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from application.balances import payment_word
from application.wire import camel_case
from cli.arguments import AsJson, CustomerFilter, Limit
from cli.output import moment, print_cursor, show, show_json, status_text, table
from cli.running import executed, opened
from orders.money import format_money
from projections.order_dashboard import OrderRow
from settings import Settings


class Status(StrEnum):
    """Status of an order."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


StatusFilter = Annotated[Status | None, typer.Option("--status", help="Only orders in this status.")]
AfterOrder = Annotated[int | None, typer.Option("--after", min=1, help="Go on where an earlier page ended.")]


@executed()
async def list_orders(
    settings: Settings,
    status: StatusFilter = None,
    customer: CustomerFilter = None,
    limit: Limit = 50,
    after: AfterOrder = None,
    as_json: AsJson = False,
) -> None:
    """List orders, the last placed first, from the order-dashboard read model."""
    async with opened(settings) as app:
        page = await app.queries.list_orders(status=status, customer_id=customer, limit=limit, after=after)
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


def _order_table(rows: Iterable[OrderRow]) -> Table:
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
