"""What an audit reads, all of it only read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import asyncpg
from temporalio.client import Client

from eventstore.codec import Codec
from eventstore.store import EventStore
from gateways.books import CurrencyTotal, OrderBooks
from inventory.stock import Stock
from orders.events import Event


class Ledger(Protocol):
    """The gateways' own books, in pages by order id; see GatewayBooks."""

    async def books(
        self, order_ids: Sequence[str] | None = None, *, after: str = "", limit: int = 1000
    ) -> list[OrderBooks]: ...

    async def totals(self) -> list[CurrencyTotal]: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The database's parts, the gateways' ledger, and Temporal; None where Temporal cannot be reached."""

    pool: asyncpg.Pool
    store: EventStore
    codec: Codec[Event]
    stock: Stock
    ledger: Ledger
    client: Client | None
