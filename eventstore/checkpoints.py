"""Checkpoints of the subscriptions, and their lag behind the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from eventstore.errors import CheckpointMoved
from eventstore.statements import ADVANCE_CHECKPOINT, CREATE_CHECKPOINT, LAG, LOCK_CHECKPOINT, READ_CHECKPOINT

Executor: TypeAlias = asyncpg.Pool | asyncpg.Connection | PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Lag:
    """A subscription's checkpoint, the number of events behind it, and the age in seconds of the oldest of them."""

    name: str
    position: int
    updated_at: datetime
    events: int
    seconds: float


async def position_of(executor: Executor, name: str) -> int:
    """The subscription's position; 0 if it has never run."""
    return int(await executor.fetchval(READ_CHECKPOINT, name) or 0)


async def open_checkpoint(executor: Executor, name: str, *, start: int = 0) -> int:
    """The subscription's position; a new subscription begins after `start`."""
    await executor.execute(CREATE_CHECKPOINT, name, start)
    return int(await executor.fetchval(READ_CHECKPOINT, name))


async def advance(executor: Executor, name: str, old: int, new: int) -> None:
    """Move the checkpoint, in the caller's transaction where it has one. Raises CheckpointMoved."""
    if await executor.execute(ADVANCE_CHECKPOINT, name, old, new) != "UPDATE 1":
        raise CheckpointMoved(name, old)


async def lock_checkpoint(executor: Executor, name: str) -> int:
    """The position of an existing subscription, locked until the end of the caller's transaction."""
    return int(await executor.fetchval(LOCK_CHECKPOINT, name))


async def lags(executor: Executor, name: str | None = None) -> list[Lag]:
    """The lag of all subscriptions, or of one."""
    return [Lag(*row) for row in await executor.fetch(LAG, name)]
