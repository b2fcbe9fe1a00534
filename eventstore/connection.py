"""One connection of the pool, for several statements or a transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import asyncpg

BUILT_IN_ONLY: Final = {"search_path": "pg_catalog"}
"""Session settings that resolve unqualified names in pg_catalog only, so that objects of other roles in public are not used."""
SAFE_SESSION: Final = {**BUILT_IN_ONLY, "idle_in_transaction_session_timeout": "30s"}
"""Session settings of the application. The server ends an idle open transaction: an append in it would block every reader."""


@asynccontextmanager
async def pooled(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A pooled connection for a block. The pool lends a proxy, cast here to the connection's type."""
    async with pool.acquire() as proxy:
        yield cast(asyncpg.Connection, proxy)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    async with pooled(pool) as connection, connection.transaction():
        yield connection
