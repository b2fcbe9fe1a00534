"""A pool that keeps connections for single statements, as acquiring and releasing one takes more CPU than a statement."""

import contextlib
from time import monotonic
from typing import Any, Final

import asyncpg

_SHARE: Final = 4
"""At most a quarter of the pool is kept: none of less than four connections."""
_STALE: Final = 240.0
"""Seconds without use after which a kept connection is replaced: firewalls drop idle connections without notice."""


class StatementPool(asyncpg.Pool):
    """A pool whose single statements use connections that stay acquired between them.

    A connection is released after any error, as its state is unknown then, and when the pool closes.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: list[tuple[Any, float]] = []
        self._most_kept = self.get_max_size() // _SHARE

    async def fetch(self, query: str, *args: object, **options: Any) -> Any:
        return await self._run("fetch", query, args, options)

    async def fetchrow(self, query: str, *args: object, **options: Any) -> Any:
        return await self._run("fetchrow", query, args, options)

    async def fetchval(self, query: str, *args: object, **options: Any) -> Any:
        return await self._run("fetchval", query, args, options)

    async def execute(self, query: str, *args: object, **options: Any) -> Any:
        return await self._run("execute", query, args, options)

    def get_idle_size(self) -> int:
        return super().get_idle_size() + len(self._kept)

    async def close(self) -> None:
        self._most_kept = 0
        while self._kept:
            await self.release(self._kept.pop()[0])
        await super().close()

    async def _run(self, method: str, query: str, args: tuple[object, ...], options: dict[str, Any]) -> Any:
        connection = self._usable() or await self.acquire()
        try:
            result = await getattr(connection, method)(query, *args, **options)
        except BaseException:
            await self.release(connection)
            raise
        if len(self._kept) < self._most_kept:
            self._kept.append((connection, monotonic()))
        else:
            await self.release(connection)
        return result

    def _usable(self) -> Any:
        """A kept connection that is open and was used lately, if there is one."""
        while self._kept:
            connection, used = self._kept.pop()
            with contextlib.suppress(asyncpg.InterfaceError):  # of a connection that was lost, and so has left the pool
                if not connection.is_closed() and monotonic() - used < _STALE:
                    return connection
                connection.terminate()
        return None
