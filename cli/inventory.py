"""`orders inventory`: stock levels."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from application.wire import camel_case
from cli.acting import actor
from cli.adjustments import Expect, OptionalReason, Sku, Units, adjust, list_adjustments, restock_order
from cli.arguments import AsJson, Limit
from cli.output import note, print_cursor, show, show_json, table, visible
from cli.refusals import Refused
from cli.running import executed, opened
from inventory.stock import StockLevel
from inventory.stock_file import StockRow, read_stock_csv
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

inventory = typer.Typer(no_args_is_help=True, help="Stock levels: import, list, set, adjust and restock them.")

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV with the header sku,name,unitPrice,unitsInStock, and customs columns if any; - is standard input.",
    ),
]
After = Annotated[str | None, typer.Option("--after", metavar="SKU", help="Go on behind this SKU.")]


@inventory.command("import")
@executed()
async def import_file(settings: Settings, file: File, reason: OptionalReason = None, as_json: AsJson = False) -> None:
    """Set the levels of all SKUs in a CSV file, or of none where a line is invalid."""
    rows = await asyncio.to_thread(_read, file)
    async with opened(settings) as app:
        count = await app.stock.import_levels(rows, actor(), reason)
    if as_json:
        show_json({"imported": count})
    else:
        show(f"imported {count:,} {'SKU' if count == 1 else 'SKUs'}")


def _read(file: Path) -> list[StockRow]:
    try:
        return read_stock_csv(sys.stdin.buffer.read() if str(file) == "-" else file)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from None


@inventory.command("list")
@executed()
async def list_levels(settings: Settings, limit: Limit = 100, after: After = None, as_json: AsJson = False) -> None:
    """List stock levels by SKU."""
    async with opened(settings) as app:
        levels = await app.stock.list(after, limit + 1)
    following = levels[limit - 1].sku if len(levels) > limit else None
    if as_json:
        show_json({"levels": [camel_case(asdict(level)) for level in levels[:limit]], "after": following})
    else:
        show(_table(levels[:limit]))
        if following:
            print_cursor(following)


_SIGNED: Final = {"ignore_unknown_options": True}  # -5 is a number, and no option
inventory.command("adjust", context_settings=_SIGNED)(adjust)
inventory.command("restock")(restock_order)
inventory.command("adjustments")(list_adjustments)


@inventory.command("set", context_settings=_SIGNED)
@executed()
async def set_level(
    settings: Settings,
    sku: Sku,
    units: Units,
    reason: OptionalReason = None,
    expect: Expect = None,
    as_json: AsJson = False,
) -> None:
    """Set the units available of one SKU. A SKU that does not exist is created, and reported as new.

    Exits 1 where not as many units are available as expected.
    """
    async with opened(settings) as app:
        created = await app.stock.get(sku) is None
        await app.adjustments.set_level(sku, units, actor=actor(), reason=reason, expected=expect)
        level = await app.stock.get(sku)
    assert level is not None
    if created:
        note(f"created {visible(sku)}: there was no such SKU")
    if as_json:
        show_json({**camel_case(asdict(level)), "created": created})
    else:
        show(_table([level]))


def _table(levels: list[StockLevel]) -> "Table":
    """Render stock levels; prices in minor units, as in the file, which has no currency."""
    return table(
        "sku",
        "name",
        "unit price (minor units)",
        "available",
        "held or sold",
        rows=(
            (
                level.sku,
                level.name,
                None if level.unit_price is None else f"{level.unit_price:,}",
                f"{level.available:,}",
                f"{level.reserved:,}",
            )
            for level in levels
        ),
        right=("unit price (minor units)", "available", "held or sold"),
    )
