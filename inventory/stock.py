"""Inventory: stock per SKU and one reservation per order. Every operation but an import is one round trip to PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from inventory import statements
from inventory.adjustments import require_reason
from inventory.customs import Database, read_customs, store_customs
from inventory.customs_columns import CustomsData
from inventory.stock_file import MAX_BIGINT, StockRow, sku_problem
from orders.events import Shortage


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Stock of one SKU. unit_price: in minor units. reserved: includes shipped units."""

    sku: str
    name: str | None
    unit_price: int | None
    available: int
    reserved: int


@dataclass(frozen=True, slots=True)
class StockImbalance:
    """A SKU whose figures do not follow from its history: adjusted - held should equal available, and held reserved."""

    sku: str
    adjusted: int
    held: int
    available: int
    reserved: int


StockLevels: TypeAlias = list[StockLevel]
StockImbalances: TypeAlias = list[StockImbalance]


class ReservationError(Exception):
    """A final refusal: a repeated call gets the same answer unless stock or reservation change."""


class InsufficientStock(ReservationError):
    """Too few units; none was reserved: cancel the order, or reserve again once the SKUs are in stock."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        named = ", ".join(f"{s.sku} ({s.available} of {s.requested})" for s in shortages[:5])
        more = f" and {len(shortages) - 5} more" if len(shortages) > 5 else ""
        super().__init__(f"not enough stock of {named}{more}")
        self.shortages = shortages


class ReservationReleased(ReservationError):
    """The order's reservation was released before this call: do not retry."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"the reservation of order {order_id} has been released")
        self.order_id = order_id


class ReservationConflict(ReservationError):
    """The order has a reservation of other quantities: release it, and sell under a new order id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} has a reservation with other quantities")
        self.order_id = order_id


class Stock:
    """Stock per SKU and reservations per order, over a pool whose role may call the inventory functions."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def check(self, quantities: Mapping[str, int]) -> tuple[Shortage, ...]:
        """Return the shortages of these units per SKU, in SKU order; an unknown SKU has none available."""
        rows = await self._pool.fetch(statements.CHECK, *_columns(quantities))
        return tuple(map(_shortage, rows))

    async def unknown(self, skus: Sequence[str]) -> tuple[str, ...]:
        """Return those of the SKUs that were never given a level, in SKU order."""
        return tuple(row["sku"] for row in await self._pool.fetch(statements.UNKNOWN_SKUS, skus))

    async def reserve(self, order_id: str, quantities: Mapping[str, int]) -> None:
        """Reserve the units (1 or more per SKU) for the order, all or none; a repeated call has no effect.

        Raises InsufficientStock, ReservationReleased or ReservationConflict, and ValueError for units
        that no order can have.
        """
        rows = await self._pool.fetch(statements.RESERVE, order_id, *_columns(quantities))
        match rows[0]["outcome"]:
            case "insufficient":
                raise InsufficientStock(tuple(map(_shortage, rows)))
            case "released":
                raise ReservationReleased(order_id)
            case "conflict":
                raise ReservationConflict(order_id)

    async def release(self, order_id: str) -> bool:
        """Release the order's units, if any, and refuse any later reservation.

        True if units were released, by this call or an earlier one.
        """
        return bool(await self._pool.fetchval(statements.RELEASE, order_id))

    async def is_known(self, order_id: str) -> bool:
        """True if units were ever reserved or released for the order."""
        return bool(await self._pool.fetchval(statements.IS_KNOWN, order_id))

    async def reserved(self, order_ids: Sequence[str]) -> Mapping[str, dict[str, int]]:
        reserved: dict[str, dict[str, int]] = defaultdict(dict)
        for order_id, sku, units in await self._pool.fetch(statements.RESERVED_UNITS, order_ids):
            reserved[order_id][sku] = units
        return reserved

    async def orders_with_units(self, after: str = "", limit: int = 1000) -> Sequence[str]:
        """Return a page of orders with reserved units after the order id `after`, sorted by id."""
        return [row["order_id"] for row in await self._pool.fetch(statements.ORDERS_WITH_UNITS, after, limit)]

    async def import_levels(self, rows: Sequence[StockRow], actor: str, reason: str | None = None) -> int:
        """Set the level and the customs data of every SKU, all or none, and return their number. Raises ValueError for a
        duplicate SKU, and InvalidAdjustment for a reason without a visible character."""
        if reason is not None:
            require_reason(reason)
        if len({row.sku for row in rows}) != len(rows):
            raise ValueError("a SKU is given twice")
        async with self._pool.acquire() as connection, connection.transaction():
            await self._import(connection, rows, reason, actor)
            await store_customs(connection, {row.sku: row.customs for row in rows})
        return len(rows)

    async def customs(self, skus: Sequence[str]) -> Mapping[str, CustomsData]:
        return await read_customs(self._pool, skus)

    async def get(self, sku: str) -> StockLevel | None:
        row = await self._pool.fetchrow(statements.GET, sku)
        return StockLevel(**row) if row else None

    async def list(self, after_sku: str | None = None, limit: int = 100) -> StockLevels:
        """Return a page of levels after after_sku, in SKU order (by code point)."""
        rows = await self._pool.fetch(statements.LIST, after_sku or "", limit)
        return [StockLevel(**row) for row in rows]

    async def books(self) -> StockImbalances:
        """Return the SKUs whose figures do not follow from the adjustments and reservations."""
        rows = await self._pool.fetch(statements.BOOKS)
        return [
            StockImbalance(row["sku"], int(row["adjusted"]), int(row["held"]), row["available"], row["reserved"])
            for row in rows
        ]

    async def _import(self, database: Database, rows: Sequence[StockRow], reason: str | None, actor: str) -> None:
        for row in rows:
            _require_level(row)
        columns = (
            [row.sku for row in rows],
            [row.units for row in rows],
            [row.name for row in rows],
            [row.unit_price for row in rows],
        )
        await database.execute(statements.IMPORT_LEVELS, *columns, reason, actor)


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
