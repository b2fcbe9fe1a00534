"""Errors of the database driver that are no fault of the program: unreachable, not migrated, refused."""

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
"""The database is unreachable, or the connection was lost: the outcome of the operation in progress is unknown."""

NOT_MIGRATED: Final = (
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedColumnError,
    # Raised by the connection's set-up: the role that the first migration creates is missing.
    asyncpg.InvalidParameterValueError,
)
REFUSED_LOGIN: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
