"""`orders list` and `orders customers`: pages of the read models."""

from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from application.wire import camel_case
from cli.arguments import AsJson, CustomerFilter, CustomerId, Limit
from cli.failures import Refused
from cli.output import say, show, show_json, status_text, table
from cli.running import execute, opened
from orders.money import format_money
from projections.customer_orders import CustomerRow
from projections.order_dashboard import OrderRow
from settings import Settings


class Status(StrEnum):
    """Where an order can stand."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


StatusFilter = Annotated[Status | None, typer.Option("--status", help="Only orders in this status.")]
AfterOrder = Annotated[int | None, typer.Option("--after", min=1, help="Go on where an earlier page ended.")]
AfterCustomer = Annotated[
    str | None, typer.Option("--after", metavar="ID:CURRENCY", help="Go on where an earlier page ended.")
]


def list_orders(
    status: StatusFilter = None,
    customer: CustomerFilter = None,
    limit: Limit = 50,
    after: AfterOrder = None,
    as_json: AsJson = False,
) -> None:
    """List orders, the last placed first, from the order-dashboard read model."""

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            page = await app.queries.list_orders(status=status, customer_id=customer, limit=limit, after=after)
        if as_json:
            show_json({"orders": [camel_case(asdict(row)) for row in page.rows], "after": page.after})
        else:
            show(_order_table(page.rows))
            _tell_next(page.after)

    execute(command)


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
                row.payment_state,
                format_money(row.total, row.currency),
                row.placed_at,
                f"on hold: {row.hold_reason}" if row.hold_reason else row.tracking_number or row.reason,
            )
            for row in rows
        ),
        right=("total",),
    )


def customers(
    customer: CustomerId = None, limit: Limit = 50, after: AfterCustomer = None, as_json: AsJson = False
) -> None:
    """List customers with their orders and spend, one row for each currency; or show one customer."""
    cursor = _cursor(after) if after else None

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            if customer:
                rows, following = await app.queries.customer(customer), None
            else:
                page = await app.queries.customers(limit=limit, after=cursor)
                rows, following = page.rows, ":".join(page.after) if page.after else None
        if customer and not rows:
            raise Refused(f"there is no order of customer {customer}")
        if as_json:
            show_json({"customers": [_customer_document(row) for row in rows], "after": following})
        else:
            show(_customer_table(rows))
            _tell_next(following)

    execute(command)


def _cursor(after: str) -> tuple[str, str]:
    customer, _, currency = after.rpartition(":")
    if not customer:
        raise typer.BadParameter("must be ID:CURRENCY, as an earlier page printed it", param_hint="--after")
    return customer, currency


def _customer_document(row: CustomerRow) -> dict[str, object]:
    return camel_case(asdict(row))


def _customer_table(rows: Iterable[CustomerRow]) -> Table:
    return table(
        "customer",
        "spent",
        "orders",
        "shipped",
        "cancelled",
        "last order",
        rows=(
            (
                row.customer_id,
                format_money(row.total_spend, row.currency),
                f"{row.order_count:,}",
                f"{row.shipped_count:,}",
                f"{row.cancelled_count:,}",
                row.last_order_at,
            )
            for row in rows
        ),
        right=("spent", "orders", "shipped", "cancelled"),
    )


def _tell_next(after: object) -> None:
    if after is not None:
        say(f"more: --after {after}")
