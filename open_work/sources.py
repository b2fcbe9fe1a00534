"""The sources of open work and of an audit, all of them only read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import asyncpg

from eventstore.codec import Codec
from eventstore.store import EventStore
from gateways.books import CurrencyTotal, OrderBooks
from inventory.stock import Stock
from orders.events import Event

if TYPE_CHECKING:
    from temporalio.client import Client


class Ledger(Protocol):
    """The gateways' ledgers, in pages by order id; see GatewayBooks."""

    async def books(
        self, order_ids: Sequence[str] | None = None, *, after: str = "", limit: int = 1000
    ) -> list[OrderBooks]: ...

    async def totals(self) -> list[CurrencyTotal]: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of the database, the gateways' ledgers, and Temporal's client; None where Temporal cannot be reached."""

    pool: asyncpg.Pool
    store: EventStore
    codec: Codec[Event]
    stock: Stock
    ledger: Ledger
    client: "Client | None"
