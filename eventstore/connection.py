"""Everything that the driver raises where the database, or the connection to it, has gone away."""

from typing import Final

import asyncpg

LOST: Final = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # Between the server's word that it ends a connection and its end, the driver has "another operation in progress".
    # A worker that asked whether it still owns a consumer in that moment ended by it.
    asyncpg.InternalClientError,
)
