"""What the database driver raises where the fault is not ours: away, not migrated, refusing."""

from typing import Final

import asyncpg

AWAY: Final = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that ended between two messages of one operation
)
"""The database cannot be reached, or went away: whatever was being done may or may not have happened."""

NOT_MIGRATED: Final = (
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedColumnError,
    # What the connection's own set-up meets: the role that the first migration creates.
    asyncpg.InvalidParameterValueError,
)
REFUSED_LOGIN: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
