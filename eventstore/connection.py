"""One connection of the pool, for what takes several statements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import asyncpg

BUILT_IN_ONLY: Final = {"search_path": "pg_catalog"}
"""Settings of a session that finds names without a schema among what is built in, whatever another role has made in public."""
SAFE_SESSION: Final = {**BUILT_IN_ONLY, "idle_in_transaction_session_timeout": "30s"}
"""Those of the application. An append that hangs in an open transaction would hold up every reader: the server ends it."""


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
