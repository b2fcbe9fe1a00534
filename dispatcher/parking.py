"""Parked events: not dispatched, and kept with their reason for an operator."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from eventstore.model import RecordedEvent

# By the primary key; a repetition counts up.
_PARK = """
insert into dispatcher.parked as p (position, event_id, event_type, stream, reason) values ($1, $2, $3, $4, $5)
on conflict (position) do update
set reason = excluded.reason, attempts = p.attempts + 1, last_attempt_at = clock_timestamp()"""
_LIST = """
select position, event_type, stream, reason, attempts, parked_at, last_attempt_at
  from dispatcher.parked where position > $1 order by position limit $2"""
_HOLDS = "select exists (select from dispatcher.parked where position = $1)"
_COUNT = "select count(*) from dispatcher.parked"
_REMOVE = "delete from dispatcher.parked where position = $1"


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
        await self._pool.execute(_PARK, event.position, event.id, event.type, event.stream, reason[:2000])

    async def list(self, *, after: int = 0, limit: int = 100) -> list[Parked]:
        """A page, by position."""
        return [Parked(*row) for row in await self._pool.fetch(_LIST, after, limit)]

    async def holds(self, position: int) -> bool:
        return bool(await self._pool.fetchval(_HOLDS, position))

    async def count(self) -> int:
        return int(await self._pool.fetchval(_COUNT))

    async def remove(self, position: int) -> None:
        await self._pool.execute(_REMOVE, position)
