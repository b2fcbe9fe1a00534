"""Connections to the database, with their session settings; refused through a pooler in transaction mode."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from eventstore.connection import SAFE_SESSION
from eventstore.errors import PooledByTransaction
from eventstore.known_types import Connection
from eventstore.statement_pool import StatementPool
from eventstore.statements import BACKEND

ROLE: Final = "orders_app"
SESSION: Final = {"role": ROLE, **SAFE_SESSION}
_APPLICATION: Final = {"application_name": "orders"}
_CLOSING: Final = 2.0  # seconds
_PROBES: Final = 3


async def connect(dsn: str, session: Mapping[str, str], *, timeout: float = 60) -> asyncpg.Connection:
    """A connection with these settings of its session. Set by statement: PgBouncer refuses them as startup parameters."""
    connection = await asyncpg.connect(dsn, timeout=timeout, server_settings=_APPLICATION, connection_class=Connection)
    try:
        await _configure(connection, session)
    except BaseException:
        connection.terminate()
        raise
    return connection


@asynccontextmanager
async def open_pool(dsn: str, *, size: int = 20) -> AsyncIterator[asyncpg.Pool]:
    """A pool of the application's role. Connections are not reset between uses: no code leaves state on them, and a reset costs
    a round trip for each append."""

    async def configure(connection: asyncpg.Connection) -> None:
        await _configure(connection, SESSION)

    async def no_reset(connection: asyncpg.Connection) -> None: ...

    pool = StatementPool(
        dsn,
        min_size=1,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        init=configure,
        reset=no_reset,
        loop=None,
        connection_class=Connection,
        record_class=asyncpg.Record,
        server_settings=_APPLICATION,
        command_timeout=60,
    )
    await pool
    try:
        yield pool
    finally:
        with contextlib.suppress(TimeoutError):  # its connections are terminated then, also those in use
            await asyncio.wait_for(pool.close(), _CLOSING)


async def _configure(connection: asyncpg.Connection, session: Mapping[str, str]) -> None:
    calls = ", ".join(f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in session.items())
    await connection.execute(f"select {calls}")


async def require_sessions(dsn: str) -> bool:
    """Refuse a pooler in transaction mode, where locks, LISTEN and the role of a session are lost between statements.
    True for a pooler that keeps sessions, False without one. Raises PooledByTransaction, and what connecting raises."""
    connection = await asyncpg.connect(dsn, statement_cache_size=0)
    try:
        # A pooler hands out a process id of its own, with which a query is cancelled.
        if connection.get_server_pid() == await _backend(connection):
            return False
        for _ in range(_PROBES):
            if not await _is_kept(dsn, connection):
                raise PooledByTransaction
        return True
    except asyncpg.FeatureNotSupportedError as error:  # a pooler in statement mode refuses transactions
        raise PooledByTransaction from error
    finally:
        connection.terminate()


async def _is_kept(dsn: str, connection: asyncpg.Connection) -> bool:
    """True where the connection keeps its backend beside another one that is in a transaction.

    A pooler in transaction mode gives the other one the backend that was free last, or takes turns: then it gives this
    one another backend at its second question.
    """
    kept = {await _backend(connection), await _backend(connection)}
    other = await asyncpg.connect(dsn, statement_cache_size=0)
    try:
        async with other.transaction():
            taken = await other.fetchval(BACKEND)
            kept.add(await _backend(connection))
            return len(kept) == 1 and taken not in kept
    finally:
        other.terminate()


async def _backend(connection: asyncpg.Connection) -> int:
    # In a transaction, so that no pooler comes between the messages of one query.
    async with connection.transaction():
        return int(await connection.fetchval(BACKEND))
