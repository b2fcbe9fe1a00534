"""`orders figures`: occurrences by day and currency, from the read model daily-figures."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from application.figures import MAX_DAYS, BadPeriod, FiguresDocument, figures_document, period_days
from cli.arguments import AsJson
from cli.output import show, show_json, table
from cli.running import executed, opened
from orders.money import format_money
from projections.days import Day, UnknownZone, zone_named
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise typer.BadParameter("must be a day that exists, such as 2026-01-31") from None


_LOCAL = "/etc/localtime"
FirstDay = Annotated[
    datetime | None,
    typer.Option(
        "--from", parser=_day, metavar="DAY", help=f"The first day. Default: that of --to. At most {MAX_DAYS} days."
    ),
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", parser=_day, metavar="DAY", help="The last day. Default: today in the zone.")
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", metavar="ZONE", help="The days' time zone. Default: that of this machine, else UTC."),
]


@executed(check=lambda given: _days(given["first"], given["last"], given["zone"] or _local_zone()))
async def figures(
    settings: Settings, first: FirstDay = None, last: LastDay = None, zone: Zone = None, as_json: AsJson = False
) -> None:
    """Show figures by day and currency: orders placed, charged, shipped and cancelled, and money returned."""
    chosen = zone or _local_zone()
    days = _days(first, last, chosen)
    async with opened(settings) as app:
        found = await figures_document(app.queries, days, chosen)
    if as_json:
        show_json(found)
        return
    show(f"days in {found.zone}, from {found.first} to {found.last}")
    show(_figure_table(found))


def _days(first: datetime | None, last: datetime | None, zone: str) -> list[Day]:
    try:
        return period_days(first and first.date(), last and last.date(), zone)
    except UnknownZone as error:
        raise typer.BadParameter(str(error), param_hint="--zone") from None
    except BadPeriod as error:
        raise typer.BadParameter(error.problem, param_hint=f"--{error.fault}") from None


def _local_zone() -> str:
    """The zone that the environment or the machine names, else UTC."""
    _, _, linked = os.path.realpath(_LOCAL).rpartition("zoneinfo/")
    for name in (os.environ.get("TZ", ""), linked):
        try:
            zone_named(name)
        except UnknownZone:
            continue
        return name
    return "UTC"


def _figure_table(found: FiguresDocument) -> "Table":
    amounts = ("placed", "charged", "shipped", "refunded")
    return table("day", *amounts[:3], "cancelled", amounts[3], rows=_rows(found), right=(*amounts, "cancelled"))


def _rows(found: FiguresDocument) -> Iterator[Sequence[object]]:
    for day in found.days:
        for each in day.currencies:
            yield (
                day.day,
                _shown(each.placed, each.placed_amount, each.currency),
                _shown(each.charged, each.charged_amount, each.currency),
                _shown(each.shipped, each.shipped_amount, each.currency),
                f"{each.cancelled:,}",
                _shown(each.refunded, each.refunded_amount, each.currency),
            )


def _shown(number: int, amount: int, currency: str) -> str:
    return f"{number:,}: {format_money(amount, currency)}"
