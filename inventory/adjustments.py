"""Adjustments: changes of stock by a person, each recorded with actor, reason, time, and the level before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from inventory import statements
from inventory.errors import (
    InvalidAdjustment,
    RestockConflict,
    RestockExceedsOrder,
    SkuNotFound,
    StockChanged,
    StockOutOfRange,
    UnitsNotReserved,
)
from inventory.stock_file import MAX_BIGINT, sku_problem
from orders.events import Shortage
from orders.faults import reason_problem


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An entry of the list. kind: import, set, adjust or restock. before, after: available units; None in entries from before
    they were recorded."""

    id: int
    sku: str
    kind: str
    change: int
    before: int | None
    after: int | None
    reason: str | None
    actor: str
    at: datetime
    order_id: str | None
    refund_id: str | None


class Adjustments:
    """Adjustments over a pool whose role may call the inventory functions. Every operation is one transaction.

    actor: the person; request_id: repeated requests with one id have one effect, and return the entry of the first.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def set_level(
        self,
        sku: str,
        units: int,
        *,
        actor: str,
        reason: str | None = None,
        expected: int | None = None,
        request_id: str | None = None,
    ) -> Adjustment:
        """Set the available units of a SKU, which may be new, if as many as expected are there. Raises AdjustmentRefused."""
        _require_units("available", units)
        return await self._adjust(sku, units, None, expected, reason, actor, request_id)

    async def adjust(
        self,
        sku: str,
        change: int,
        *,
        actor: str,
        reason: str,
        expected: int | None = None,
        request_id: str | None = None,
    ) -> Adjustment:
        """Add units to a SKU, or take them away, if as many as expected are there. Raises AdjustmentRefused."""
        if not 1 <= abs(change) <= MAX_BIGINT:
            raise InvalidAdjustment("change", f"must be from 1 to {MAX_BIGINT} units, up or down, not {change}")
        return await self._adjust(sku, None, change, expected, reason, actor, request_id)

    async def restock(
        self, order_id: str, refund_id: str, units: Mapping[str, int], *, actor: str, reason: str
    ) -> bool:
        """Put returned units of a shipped order back into stock, once for each refund; return False for a repetition.

        Raises AdjustmentRefused.
        """
        require_reason(reason)
        if not units or not all(1 <= each <= MAX_BIGINT for each in units.values()):
            raise InvalidAdjustment("items", f"must be from 1 to {MAX_BIGINT} units of one or more SKUs")
        rows = await self._pool.fetch(
            statements.RESTOCK, order_id, refund_id, list(units), list(units.values()), reason, actor
        )
        match rows[0]["outcome"]:
            case "unreserved":
                raise UnitsNotReserved(order_id)
            case "conflict":
                raise RestockConflict(order_id, refund_id)
            case "excess":
                raise RestockExceedsOrder(order_id, tuple(map(_excess, rows)))
            case outcome:
                return bool(outcome == "done")

    async def of_refund(self, order_id: str, refund_id: str) -> list[Adjustment]:
        """The entries of a restock, in SKU order."""
        return [_adjustment(row) for row in await self._pool.fetch(statements.RESTOCKED, order_id, refund_id)]

    async def of_order(self, order_id: str) -> list[Adjustment]:
        """The restocks of an order, the first one first."""
        return [_adjustment(row) for row in await self._pool.fetch(statements.RESTOCKS_OF_ORDER, order_id)]

    async def list(self, *, sku: str | None = None, before: int | None = None, limit: int = 100) -> list[Adjustment]:
        """A page of entries, of one SKU or all, the newest first, from before the entry of this id."""
        start = MAX_BIGINT if before is None else before
        if sku is None:
            rows = await self._pool.fetch(statements.LIST_ADJUSTMENTS, start, limit)
        else:
            rows = await self._pool.fetch(statements.LIST_ADJUSTMENTS_OF_SKU, start, limit, sku)
        return [_adjustment(row) for row in rows]

    async def _adjust(
        self,
        sku: str,
        level: int | None,
        change: int | None,
        expected: int | None,
        reason: str | None,
        actor: str,
        request_id: str | None,
    ) -> Adjustment:
        if problem := sku_problem(sku):
            raise InvalidAdjustment("sku", problem)
        if reason is not None:
            require_reason(reason)
        if expected is not None:
            _require_units("expect", expected)
        [found] = await self._pool.fetch(statements.ADJUST, sku, level, change, expected, reason, actor, request_id)
        match found["outcome"]:
            case "unknown":
                raise SkuNotFound(sku)
            case "unexpected":
                raise StockChanged(sku, expected, found["available"])
            case "below" | "above":
                raise StockOutOfRange(sku, change or 0, found["available"])
        [row] = await self._pool.fetch(statements.GET_ADJUSTMENT, found["entry"])
        return _adjustment(row)


def _require_units(name: str, units: int) -> None:
    if not 0 <= units <= MAX_BIGINT:
        raise InvalidAdjustment(name, f"must be from 0 to {MAX_BIGINT}, not {units}")


def require_reason(reason: str) -> None:
    """Raise InvalidAdjustment for a reason that cannot be recorded."""
    if problem := reason_problem(reason):
        raise InvalidAdjustment("reason", problem)


def _excess(row: asyncpg.Record) -> Shortage:
    return Shortage(sku=row["sku"], requested=row["requested"], available=row["possible"])


def _adjustment(row: asyncpg.Record) -> Adjustment:
    return Adjustment(**row)
