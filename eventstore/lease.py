"""One owner in the fleet: a session advisory lock on a connection of its own."""

import hashlib
from typing import ClassVar

import asyncpg

from eventstore.connection import BUILT_IN_ONLY
from eventstore.errors import DATABASE_AWAY
from eventstore.pool import connect
from eventstore.statements import HOLDS_LOCK, TRY_LOCK


class Lease:
    """Ownership of a name. The database frees it when this connection ends, so a standby takes over at once.

    The session of a killed process ends at once; of a vanished machine within about 5 s, by keep-alive or by the time-out of
    unacknowledged TCP data; of a frozen process after 10 s without a query.
    """

    TIMEOUT: ClassVar = 2.0
    """Seconds until a question to the database counts as unanswered."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn, self.name = dsn, name
        self._connection: asyncpg.Connection | None = None

    @property
    def key(self) -> int:
        """The advisory lock's key: 64 bits of the name's hash."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:8], signed=True)

    async def acquire(self) -> bool:
        """Try to own the name; False where another process owns it. Raises connection errors."""
        await self._connect()
        return bool(await self._ask(TRY_LOCK))

    async def held(self) -> bool:
        """True while the session that holds the lock responds."""
        if self._connection is None or self._connection.is_closed():
            return False
        try:
            return bool(await self._ask(HOLDS_LOCK))
        except DATABASE_AWAY:
            return False

    async def release(self) -> None:
        """End the session, and with it the ownership."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _connect(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._dsn, _WATCHED, timeout=self.TIMEOUT)

    async def _ask(self, query: str) -> object:
        assert self._connection is not None
        return await self._connection.fetchval(query, self.key, timeout=self.TIMEOUT)


_WATCHED = {
    **BUILT_IN_ONLY,
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "4s",
    "idle_session_timeout": "10s",  # the kernel of a frozen process answers keep-alives; its owner asks every second
}
