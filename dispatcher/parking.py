"""Parked events: not dispatched, and kept with their reason for an operator."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from dispatcher.statements import COUNT_PARKED, IS_PARKED, LIST_PARKED, PARK, REMOVE_PARKED
from eventstore.model import RecordedEvent


class NotParked(Exception):
    """No event is parked at this position: it was dispatched, or never parked. List the parked events, and choose one."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no event is parked at position {position}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked event: its position, the reason, and the number of attempts."""

    position: int
    event_type: str
    stream: str
    reason: str
    attempts: int
    parked_at: datetime
    last_attempt_at: datetime


class Parking:
    """The table of parked events."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def park(self, event: RecordedEvent, reason: str) -> None:
        await self._pool.execute(PARK, event.position, event.id, event.type, event.stream, reason[:2000])

    async def list(self, *, after: int = 0, limit: int = 100) -> list[Parked]:
        """A page, by position."""
        return [Parked(*row) for row in await self._pool.fetch(LIST_PARKED, after, limit)]

    async def holds(self, position: int) -> bool:
        return bool(await self._pool.fetchval(IS_PARKED, position))

    async def count(self) -> int:
        return int(await self._pool.fetchval(COUNT_PARKED))

    async def remove(self, position: int) -> None:
        await self._pool.execute(REMOVE_PARKED, position)
