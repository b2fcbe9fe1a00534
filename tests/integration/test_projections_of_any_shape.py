"""A further read model, the template of one with a row per SKU: an event changes several rows. Columns of every type."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import asyncpg
import pytest

from eventstore.model import RecordedEvent
from eventstore.parking import Parking
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import OrderPlaced
from orders.model import quantities
from projections import table as tables
from projections.columns import Sum, columns
from projections.projection import Changes, Projection
from tests.integration.projections_harness import drain, fold_of_the_log, happens, owner, projector, rows_of
from tests.unit.orders.samples import an_order

FORBIDDEN: Final = "CURSED"


@dataclass(slots=True)
class SkuRow:
    """Units ordered of a SKU. greatest_share: of an order's units, in percent."""

    sku: str
    units: int = 0
    turnover: Sum = 0
    greatest_share: Decimal = Decimal(0)
    ever_alone: bool = False
    first_day: datetime.date | None = None
    last_at: datetime.datetime | None = None
    position: int = 0


def changes(row: SkuRow, event: OrderPlaced, recorded: RecordedEvent) -> Changes:
    if row.sku == FORBIDDEN:
        raise ValueError("not for sale")
    units = quantities(event)
    share = Decimal(100 * units[row.sku]) / sum(units.values())
    return {
        "units": row.units + units[row.sku],
        "turnover": row.turnover + event.total,
        "greatest_share": max(row.greatest_share, share.quantize(Decimal("0.01"))),
        "ever_alone": row.ever_alone or len(units) == 1,
        "first_day": row.first_day or event.placed_at.date(),
        "last_at": event.placed_at,
        "position": recorded.position,
    }


SHAPE_UNITS: Final = Projection(
    name="shape-units",
    table="shape_units",
    row=SkuRow,
    key_columns=("sku",),
    events=(OrderPlaced,),
    keys=lambda event, _: ((sku,) for sku in quantities(event)),
    changes=changes,
)


@pytest.fixture
async def store(pool: asyncpg.Pool, database_url: str) -> EventStore:
    made = ", ".join(f"{name} {sql_type}" for name, sql_type in columns(SkuRow).items())
    async with owner(database_url) as connection:
        await connection.execute(
            f"create table projections.shape_units ({made}, primary key (sku));"
            "grant select, insert, update on projections.shape_units to orders_app"
        )
    return EventStore(pool, Wakeup(pool))


def placed(order_id: str, **units: int) -> OrderPlaced:
    """Order of these units of each SKU, at an amount of which two exceed bigint."""
    order = an_order(orderId=order_id)
    lines = tuple(order.items[0].model_copy(update={"sku": sku, "quantity": each}) for sku, each in units.items())
    return OrderPlaced.of(order.model_copy(update={"items": lines, "total": 2**62}))


def test_given_a_row_then_its_columns_are_of_the_kinds_of_its_fields() -> None:
    assert columns(SkuRow) == {
        "sku": "text", "units": "bigint", "turnover": "numeric", "greatest_share": "numeric", "ever_alone": "boolean",
        "first_day": "date", "last_at": "timestamp with time zone", "position": "bigint",
    }  # fmt: skip


@pytest.mark.parametrize("copied", [1, 1_000], ids=["by COPY", "by upserts"])
async def test_given_orders_of_several_skus_then_each_event_feeds_a_row_per_sku(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch, copied: int
) -> None:
    monkeypatch.setattr(tables, "_COPIED", copied)
    await happens(store, placed("o-1", TEA=2, CUP=1), placed("o-2", TEA=1), placed("o-3", CUP=4, POT=1))
    await drain(projector(pool, store, SHAPE_UNITS, page=2))
    rows: dict[str, Any] = {row.sku: row for row in await rows_of(pool, SHAPE_UNITS)}
    assert [*rows.values()] == await fold_of_the_log(store, SHAPE_UNITS)
    day, at = datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 9, 30, tzinfo=datetime.UTC)
    assert rows == {
        "TEA": SkuRow("TEA", 3, 2**63, Decimal("100.00"), True, day, at, 2),
        "CUP": SkuRow("CUP", 5, 2**63, Decimal("80.00"), False, day, at, 3),
        "POT": SkuRow("POT", 1, 2**62, Decimal("20.00"), False, day, at, 3),
    }


async def test_given_an_event_that_one_of_its_rows_refuses_then_it_is_parked_and_none_of_its_rows_changes(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await happens(store, placed("o-1", TEA=2))
    refused = await happens(store, placed("o-2", TEA=1, CURSED=1))
    last = await happens(store, placed("o-3", TEA=3))
    await drain(projector(pool, store, SHAPE_UNITS))
    [parked] = await Parking(pool, SHAPE_UNITS.name).all()
    assert (parked.position, parked.reason) == (refused, "ValueError: not for sale")
    [row] = await rows_of(pool, SHAPE_UNITS)
    assert (row.sku, row.units, row.position) == ("TEA", 5, last)
