"""Bulk orders: started a few at a time, so that an import neither delays other orders nor opens all its orders at once."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg

from dispatcher.statements import ANY_WAITING, COUNT_WAITING, DUE, FORGET, FREE_PLACES, POSTPONE, TAKE_PLACES
from eventstore.model import RecordedEvent
from order_streams import is_bulk
from orders.events import OrderCancelled, OrderPlaced, OrderShipped
from orders.payment_events import PaymentFailed, PaymentPending

FREEING: Final = frozenset(each.event_type for each in (OrderShipped, OrderCancelled, PaymentFailed, PaymentPending))
"""Types of events after which an order needs no step for now: it has ended, or waits for its payment."""
# Held, failing and stalled orders must not stop an import: each takes its place for this long at most.
_LONGEST: Final = timedelta(minutes=5)
# Started between two pages of the log: more would delay the start of other orders.
_AT_ONCE: Final = 10
_LOOK: Final = 1.0  # seconds: other processes postpone orders of their lanes


@dataclass(frozen=True, slots=True)
class Due:
    """A bulk order to start: the position and the id of the event that placed it."""

    position: int
    event_id: UUID


class BulkOrders:
    """The table of bulk orders that wait for a place or have one. places: number of bulk orders in progress at once."""

    def __init__(self, pool: asyncpg.Pool, places: int) -> None:
        self._pool, self._places = pool, places
        self._waiting, self._looked = False, 0.0

    async def postpone(self, placed: list[RecordedEvent]) -> None:
        """Record placed bulk orders as waiting. A repetition changes nothing."""
        rows = [[each.position for each in placed], [each.id for each in placed], [each.stream for each in placed]]
        await self._pool.execute(POSTPONE, *rows)
        self._waiting = True

    async def free_places(self, events: Iterable[RecordedEvent]) -> None:
        """Free the places of the bulk orders that need no step for now."""
        streams = [each.stream for each in events if each.type in FREEING and is_bulk(each)]
        if streams:
            await self._pool.execute(FREE_PLACES, streams)

    async def due(self) -> list[Due]:
        """Waiting orders for the free places, in the order of the log; a few at a time."""
        if not self._waiting and time.monotonic() - self._looked >= _LOOK:
            self._waiting, self._looked = bool(await self._pool.fetchval(ANY_WAITING)), time.monotonic()
        if not self._waiting:
            return []
        due = [Due(*row) for row in await self._pool.fetch(DUE, _AT_ONCE, self._places, _LONGEST)]
        self._waiting = bool(due) or bool(await self._pool.fetchval(ANY_WAITING))
        return due

    async def take_places(self, positions: Iterable[int]) -> None:
        await self._pool.execute(TAKE_PLACES, list(positions))

    async def forget(self, positions: Iterable[int]) -> None:
        """Remove orders whose event is not in the log any more."""
        await self._pool.execute(FORGET, list(positions))


async def waiting_bulk_orders(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval(COUNT_WAITING))


def is_placed_in_bulk(event: RecordedEvent) -> bool:
    """True for the event that placed a bulk order."""
    return event.type == OrderPlaced.event_type and is_bulk(event)
