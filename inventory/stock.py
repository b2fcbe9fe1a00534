"""Inventory: stock per SKU and one reservation per order, each operation one round trip to PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from inventory.stock_file import (
    MAX_BIGINT,
    InvalidStockFile,
    StockFault,
    StockRow,
    read_stock_csv,
    sku_problem,
)
from orders.events import Shortage

__all__ = [
    "InsufficientStock",
    "InvalidStockFile",
    "ReservationConflict",
    "ReservationError",
    "ReservationReleased",
    "Stock",
    "StockFault",
    "StockImbalance",
    "StockLevel",
    "StockRow",
    "read_stock_csv",
]


# Reads stock by its primary key and takes no lock: what it says may be gone by the time of the reserve.
CHECK = """
select w.sku, w.units as requested, coalesce(s.available, 0) as available
from unnest($1::text[], $2::bigint[]) as w (sku, units)
left join inventory.stock s on s.sku = w.sku
where coalesce(s.available, 0) < w.units
order by w.sku collate "C"
"""

# Locks the order's reservation row, then the stock rows in SKU order, inside the function.
RESERVE = "select outcome, sku, requested, available from inventory.reserve($1, $2::text[], $3::bigint[])"

# Locks in the order that RESERVE does.
RELEASE = "select inventory.release($1)"

# By the primary key of reservations.
KNOWS = "select exists (select from inventory.reservations where order_id = $1)"

# Inserts and locks the stock rows in SKU order, inside the function.
SET_LEVELS = "select inventory.set_levels($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5, $6)"

# Reads a page along the primary key of stock.
LIST = """
select s.sku, s.name, s.unit_price, s.available, s.reserved
from inventory.stock s
where s.sku > $1
order by s.sku
limit $2
"""

# Reads one row by the primary key of stock.
GET = "select s.sku, s.name, s.unit_price, s.available, s.reserved from inventory.stock s where s.sku = $1"

# Adds up both logs from their beginning without a lock, in one snapshot.
BOOKS = """
with adjusted as (
    select a.sku, sum(a.delta) as units from inventory.adjustments a group by a.sku
), held as (
    select l.sku, sum(l.units) as units
    from inventory.reservation_lines l
    join inventory.reservations r on r.order_id = l.order_id
    where r.state = 'reserved'
    group by l.sku
)
select b.sku, b.adjusted, b.held, b.available, b.reserved
from (
    select s.sku, coalesce(a.units, 0) as adjusted, coalesce(h.units, 0) as held, s.available, s.reserved
    from inventory.stock s
    left join adjusted a on a.sku = s.sku
    left join held h on h.sku = s.sku
) b
where b.adjusted - b.held <> b.available or b.held <> b.reserved
order by b.sku
"""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What is known of one SKU: unit_price in minor units; reserved counts shipped units too."""

    sku: str
    name: str | None
    unit_price: int | None
    available: int
    reserved: int


@dataclass(frozen=True, slots=True)
class StockImbalance:
    """A SKU whose figures do not follow from its logs: adjusted - held should be available, held be reserved."""

    sku: str
    adjusted: int
    held: int
    available: int
    reserved: int


StockLevels: TypeAlias = list[StockLevel]
StockImbalances: TypeAlias = list[StockImbalance]


class ReservationError(Exception):
    """A reservation refused for good: the same call again gets the same answer while the facts stay."""


class InsufficientStock(ReservationError):
    """Nothing was reserved: cancel the order, or reserve again once the SKUs named are there."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        named = ", ".join(f"{s.sku} ({s.available} of {s.requested})" for s in shortages[:5])
        more = f" and {len(shortages) - 5} more" if len(shortages) > 5 else ""
        super().__init__(f"not enough stock of {named}{more}")
        self.shortages = shortages


class ReservationReleased(ReservationError):
    """The order's reservation was released before, so this reserve came too late: do not retry it."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"the reservation of order {order_id} has been released")
        self.order_id = order_id


class ReservationConflict(ReservationError):
    """The order holds a reservation of other quantities: release it, and sell under a new order id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} has a reservation with other quantities")
        self.order_id = order_id


class Stock:
    """Stock per SKU and reservations per order, over a pool whose role may call the inventory functions."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def check(self, quantities: Mapping[str, int]) -> tuple[Shortage, ...]:
        """What is short of the units wanted per SKU, in SKU order; an unknown SKU has none available."""
        rows = await self._pool.fetch(CHECK, *_columns(quantities))
        return tuple(map(_shortage, rows))

    async def reserve(self, order_id: str, quantities: Mapping[str, int]) -> None:
        """Take the units (1 or more per SKU) for the order, all or none; a repetition changes nothing.

        Raises InsufficientStock, ReservationReleased or ReservationConflict, and ValueError for units
        that no order can have.
        """
        rows = await self._pool.fetch(RESERVE, order_id, *_columns(quantities))
        match rows[0]["outcome"]:
            case "insufficient":
                raise InsufficientStock(tuple(map(_shortage, rows)))
            case "released":
                raise ReservationReleased(order_id)
            case "conflict":
                raise ReservationConflict(order_id)

    async def release(self, order_id: str) -> bool:
        """Give the order's units back and refuse any reserve from now on, whether or not one came before.

        True when units went back, in this call or an earlier one: a repetition gets the first answer.
        """
        return bool(await self._pool.fetchval(RELEASE, order_id))

    async def knows(self, order_id: str) -> bool:
        """Whether units were ever reserved or released for the order."""
        return bool(await self._pool.fetchval(KNOWS, order_id))

    async def set_level(
        self, sku: str, units: int, *, name: str | None = None, unit_price: int | None = None, actor: str
    ) -> None:
        """Make units the number available; name and unit_price (minor units) stay where None. ValueError if invalid."""
        await self._set_levels([StockRow(sku, units, name, unit_price)], "set", actor)

    async def import_levels(self, rows: Sequence[StockRow], actor: str) -> int:
        """Set the level of every SKU given, all or none, and count them. ValueError for a SKU given twice."""
        if len({row.sku for row in rows}) != len(rows):
            raise ValueError("a SKU is given twice")
        await self._set_levels(rows, "import", actor)
        return len(rows)

    async def get(self, sku: str) -> StockLevel | None:
        """The SKU's level, None where it is unknown."""
        row = await self._pool.fetchrow(GET, sku)
        return StockLevel(**row) if row else None

    async def list(self, after_sku: str | None = None, limit: int = 100) -> StockLevels:
        """A page of levels in SKU order (by code point), behind after_sku."""
        rows = await self._pool.fetch(LIST, after_sku or "", limit)
        return [StockLevel(**row) for row in rows]

    async def books(self) -> StockImbalances:
        """The SKUs whose figures do not follow from the adjustments and reservations; empty when all is well."""
        rows = await self._pool.fetch(BOOKS)
        return [
            StockImbalance(row["sku"], int(row["adjusted"]), int(row["held"]), row["available"], row["reserved"])
            for row in rows
        ]

    async def _set_levels(self, rows: Sequence[StockRow], reason: str, actor: str) -> None:
        for row in rows:
            _require_level(row)
        columns = (
            [row.sku for row in rows],
            [row.units for row in rows],
            [row.name for row in rows],
            [row.unit_price for row in rows],
        )
        await self._pool.execute(SET_LEVELS, *columns, reason, actor)


def _columns(quantities: Mapping[str, int]) -> tuple[Sequence[str], Sequence[int]]:
    if not quantities:
        raise ValueError("no SKU is given")
    for sku, units in quantities.items():
        if not 1 <= units <= MAX_BIGINT:
            raise ValueError(f"{sku}: units must be from 1 to {MAX_BIGINT}, not {units}")
    return tuple(quantities), tuple(quantities.values())


def _require_level(row: StockRow) -> None:
    if problem := sku_problem(row.sku):
        raise ValueError(f"sku {problem}")
    for number in (row.units, row.unit_price or 0):
        if not 0 <= number <= MAX_BIGINT:
            raise ValueError(f"{row.sku}: units and prices are from 0 to {MAX_BIGINT}, not {number}")


def _shortage(row: asyncpg.Record) -> Shortage:
    return Shortage(sku=row["sku"], requested=row["requested"], available=row["available"])
