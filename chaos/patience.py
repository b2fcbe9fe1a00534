"""Retries of a shop's client while the database is down."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from application.outages import AWAY

T = TypeVar("T")
_PAUSE: Final = 0.2  # seconds
# A database that does not answer, or is in recovery after its start.
_PASSING: Final = (*AWAY, asyncpg.CannotConnectNowError)


async def until_answered(attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat the attempt until the database answers. It must be idempotent: a failed one may have had its effect."""
    while True:
        try:
            return await attempt()
        except _PASSING:
            await asyncio.sleep(_PAUSE)
