"""Totals of the gateways' ledgers, per order and per currency, for the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from gateways import statements


@dataclass(frozen=True, slots=True)
class OrderBooks:
    """Money of one order in one currency, in minor units, and the number of its live labels.

    held: the part of `charged` that is authorised and not captured. currency: None if no money was taken, as for an order
    that was declined or has only a label.
    """

    order_id: str
    currency: str | None
    charged: int
    refunded: int
    live_labels: int
    held: int = 0


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """Total charged and refunded in one currency, in minor units."""

    currency: str
    charged: int
    refunded: int


class GatewayBooks:
    """Reads the ledgers of all providers, selected or not: older orders may have used another provider."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def books(
        self, order_ids: Sequence[str] | None = None, *, after: str = "", limit: int = 1000
    ) -> list[OrderBooks]:
        """Return a page of orders after the order id `after`, all or the given ones, sorted by id; empty after the last.

        limit counts orders; an order with charges in several currencies has a row for each.
        """
        if order_ids is None:
            rows = await self._pool.fetch(statements.BOOKS, after, limit)
        else:
            rows = await self._pool.fetch(statements.BOOKS_OF, after, limit, order_ids)
        return [
            OrderBooks(
                order_id=row["order_id"],
                currency=row["currency"],
                charged=int(row["charged"]),
                refunded=int(row["refunded"]),
                live_labels=row["live_labels"],
                held=int(row["held"]),
            )
            for row in rows
        ]

    async def totals(self) -> list[CurrencyTotal]:
        rows = await self._pool.fetch(statements.TOTALS)
        return [CurrencyTotal(row["currency"], int(row["charged"]), int(row["refunded"])) for row in rows]
