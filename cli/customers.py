"""`orders customers`: pages of the read model customer-orders."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from application.cursors import decode_cursor, encode_cursor
from application.wire import camel_case
from cli.arguments import AsJson, CustomerId, Limit
from cli.output import print_cursor, show, show_json, table
from cli.refusals import Refused
from cli.running import executed, opened
from orders.money import format_money
from projections.customer_orders import CustomerRow
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

AfterCustomer = Annotated[
    str | None, typer.Option("--after", metavar="CURSOR", help="Go on where an earlier page ended.")
]


@executed(check=lambda given: given["after"] and _cursor(given["after"]))
async def customers(
    settings: Settings,
    customer: CustomerId = None,
    limit: Limit = 50,
    after: AfterCustomer = None,
    as_json: AsJson = False,
) -> None:
    """List customers with their orders and spend, one row for each currency; or show one customer."""
    cursor = _cursor(after) if after else None
    async with opened(settings) as app:
        if customer:
            rows, following = await app.queries.customer(customer), None
        else:
            page = await app.queries.customers(limit=limit, after=cursor)
            rows, following = page.rows, encode_cursor(*page.after) if page.after else None
    if customer and not rows:
        raise Refused(f"there is no order of customer {customer}")
    if as_json:
        show_json({"customers": [camel_case(asdict(row)) for row in rows], "after": following})
    else:
        show(_customer_table(rows))
        print_cursor(following)


def _cursor(after: str) -> tuple[str, str]:
    try:
        customer, currency = decode_cursor(after, 2)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--after") from None
    return customer, currency


def _customer_table(rows: Iterable[CustomerRow]) -> "Table":
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
