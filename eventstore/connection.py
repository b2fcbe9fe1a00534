"""One connection of the pool, for what takes several statements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg


@asynccontextmanager
async def pooled(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection, given back at the end. What the pool lends is a proxy: a connection in all but its type."""
    async with pool.acquire() as proxy:
        yield cast(asyncpg.Connection, proxy)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """The same, in a transaction."""
    async with pooled(pool) as connection, connection.transaction():
        yield connection
