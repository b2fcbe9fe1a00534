"""`orders inventory set`, `adjust`, `restock` and `adjustments`: changes of stock by a person, and the list of them."""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from application.restocking import Restock, restock
from application.wire import camel_case
from cli.acting import actor
from cli.arguments import LARGEST, AsJson, Limit, OrderId, checked, identifier, stated_reason
from cli.output import print_cursor, show, show_json, table, visible
from cli.running import executed, opened
from inventory.adjustments import Adjustment
from inventory.stock_file import sku_problem
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

_DIGITS: Final = re.compile(r"[0-9]{1,4000}", re.ASCII)  # Python reads no longer number
_SIGNED: Final = re.compile(r"[+-][0-9]{1,4000}", re.ASCII)


def _level(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise typer.BadParameter(
            f"must be a number of units without a sign, not {visible(text)}: `orders inventory adjust` adds and takes away"
        )
    return _within(int(text), f"must be at most {LARGEST:,}")


def _change(text: str) -> int:
    if not _SIGNED.fullmatch(text) or int(text) == 0:
        raise typer.BadParameter(f"must be a number of units with a sign, such as +5 or -5, not {visible(text)}")
    return _within(int(text), f"must be at most {LARGEST:,} units, up or down")


def _returned(texts: list[str]) -> dict[str, int]:
    units = dict[str, int]()
    for text in texts:
        sku, _, number = text.rpartition("=")
        if sku_problem(sku) or not _DIGITS.fullmatch(number) or int(number) == 0:
            raise typer.BadParameter(f"must be like TEA-1=2, not {visible(text)}")
        if sku in units:
            raise typer.BadParameter(f"{visible(sku)} is given twice")
        units[sku] = _within(int(number), f"must be at most {LARGEST:,} units of {visible(sku)}")
    return units


def _within(units: int, problem: str) -> int:
    if abs(units) > LARGEST:
        raise typer.BadParameter(problem)
    return units


def _stock_keeping_unit(value: str | None) -> str | None:
    return checked(value, sku_problem)


Sku = Annotated[str, typer.Argument(metavar="SKU", help="The stock-keeping unit.", callback=_stock_keeping_unit)]
Units = Annotated[int, typer.Argument(metavar="UNITS", parser=_level, help="Units available from now on.")]
Change = Annotated[
    int, typer.Argument(metavar="±UNITS", parser=_change, help="+5 adds five units, -5 takes five away.")
]
Expect = Annotated[
    int | None,
    typer.Option("--expect", metavar="UNITS", parser=_level, help="Change nothing unless so many units are available."),
]
_REASON: Final = typer.Option("--reason", help="The reason, shown in the list of adjustments.", callback=stated_reason)
AdjustmentReason = Annotated[str, _REASON]
OptionalReason = Annotated[str | None, _REASON]
RefundId = Annotated[
    str, typer.Option("--refund-id", metavar="ID", help="The refund of the returned goods.", callback=identifier)
]
Returned = Annotated[list[str], typer.Argument(metavar="SKU=UNITS…", help="The returned units of each SKU.")]
OfSku = Annotated[
    str | None, typer.Option("--sku", metavar="SKU", help="Only this SKU's.", callback=_stock_keeping_unit)
]
After = Annotated[
    int | None, typer.Option("--after", metavar="NUMBER", min=1, max=LARGEST, help="Go on behind this entry.")
]


@executed()
async def adjust(
    settings: Settings,
    sku: Sku,
    change: Change,
    reason: AdjustmentReason,
    expect: Expect = None,
    as_json: AsJson = False,
) -> None:
    """Add units to a SKU, or take them away: +5 or -5. Never below zero.

    Exits 1 where the SKU is unknown, too few units are available, or not as many as expected.
    """
    async with opened(settings) as app:
        made = await app.adjustments.adjust(sku, change, actor=actor(), reason=reason, expected=expect)
    if as_json:
        show_json(camel_case(asdict(made)))
    else:
        show(_table([made]))


@executed(check=lambda given: _returned(given["returned"]))
async def restock_order(
    settings: Settings,
    order_id: OrderId,
    returned: Returned,
    refund_id: RefundId,
    reason: AdjustmentReason,
    as_json: AsJson = False,
) -> None:
    """Put returned units of a refunded order back into stock, once for each refund.

    The same command again changes nothing. Exits 1 where the order has not shipped, or has no such refund or units.
    """
    asked = Restock(order_id, refund_id, _returned(returned), reason)
    async with opened(settings) as app:
        made = await restock(app.orders, app.adjustments, asked, actor=actor())
    if as_json:
        entries = [camel_case(asdict(each)) for each in made.entries]
        show_json({"orderId": order_id, "refundId": refund_id, "changed": made.changed, "adjustments": entries})
    else:
        done = "units are back in stock" if made.changed else "units were back in stock already"
        show(f"order {order_id}: {done}", _table(made.entries))


@executed()
async def list_adjustments(
    settings: Settings, sku: OfSku = None, limit: Limit = 100, after: After = None, as_json: AsJson = False
) -> None:
    """List the adjustments of stock, the newest first: imports, levels set, changes, restocks."""
    async with opened(settings) as app:
        found = await app.adjustments.list(sku=sku, before=after, limit=limit + 1)
    following = found[limit - 1].id if len(found) > limit else None
    if as_json:
        show_json({"adjustments": [camel_case(asdict(each)) for each in found[:limit]], "after": following})
    else:
        show(_table(found[:limit]))
        print_cursor(following)


def _table(entries: list[Adjustment]) -> "Table":
    return table(
        *("number", "recorded", "sku", "kind", "change", "before", "after", "by", "reason"),
        rows=(
            (
                each.id,
                each.at,
                each.sku,
                each.kind if each.order_id is None else f"{each.kind} of {each.order_id}, refund {each.refund_id}",
                f"{each.change:+,}",
                None if each.before is None else f"{each.before:,}",
                None if each.after is None else f"{each.after:,}",
                each.actor,
                each.reason,
            )
            for each in entries
        ),
        right=("number", "change", "before", "after"),
    )
