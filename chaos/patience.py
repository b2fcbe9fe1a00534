"""How a client of a shop behaves while the database is away: it asks again until it knows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from application.outages import AWAY

T = TypeVar("T")
_AGAIN: Final = 0.2  # seconds
# Beside a database that is away: one that recovers after its start.
_PASSING: Final = (*AWAY, asyncpg.CannotConnectNowError)


async def until_answered(attempt: Callable[[], Awaitable[T]]) -> T:
    """The answer of an attempt that the database was there for. The attempt must be idempotent: it may have happened."""
    while True:
        try:
            return await attempt()
        except _PASSING:
            await asyncio.sleep(_AGAIN)
