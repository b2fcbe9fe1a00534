"""Checkpoints of the subscriptions, and their lag behind the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from eventstore.errors import CheckpointMoved

_CREATE = "insert into eventstore.subscriptions (name, position) values ($1, $2) on conflict (name) do nothing"
_READ = "select position from eventstore.subscriptions where name = $1"
# Fencing: a runner that lost its ownership unseen finds the position moved and rolls back.
_ADVANCE = """
update eventstore.subscriptions set position = $3, updated_at = clock_timestamp() where name = $1 and position = $2"""
# By the primary key; the row's lock keeps every runner of the subscription from moving on.
_LOCK = "select position from eventstore.subscriptions where name = $1 for update"
# The first event behind by the primary key; the count costs as much as the lag is long.
_LAG = """
select s.name, s.position, s.updated_at,
       (select count(*) from eventstore.events e where e.position > s.position) as events,
       coalesce((select extract(epoch from clock_timestamp() - e.recorded_at)::float from eventstore.events e
                  where e.position > s.position order by e.position limit 1), 0) as seconds
  from eventstore.subscriptions s where $1::text is null or s.name = $1 order by s.name"""

Executor: TypeAlias = asyncpg.Pool | asyncpg.Connection | PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Lag:
    """A subscription's checkpoint, the number of events behind it, and the age in seconds of the oldest of them."""

    name: str
    position: int
    updated_at: datetime
    events: int
    seconds: float


async def open_checkpoint(executor: Executor, name: str, *, start: int = 0) -> int:
    """The subscription's position; a new subscription begins after `start`."""
    await executor.execute(_CREATE, name, start)
    return int(await executor.fetchval(_READ, name))


async def advance(executor: Executor, name: str, old: int, new: int) -> None:
    """Move the checkpoint, in the caller's transaction where it has one. Raises CheckpointMoved."""
    if await executor.execute(_ADVANCE, name, old, new) != "UPDATE 1":
        raise CheckpointMoved(name, old)


async def lock_checkpoint(executor: Executor, name: str) -> int:
    """The position of an existing subscription, locked until the end of the caller's transaction."""
    return int(await executor.fetchval(_LOCK, name))


async def lags(executor: Executor, name: str | None = None) -> list[Lag]:
    """The lag of all subscriptions, or of one."""
    return [Lag(*row) for row in await executor.fetch(_LAG, name)]
