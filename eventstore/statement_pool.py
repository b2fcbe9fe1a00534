"""A pool that keeps connections for single statements, as acquiring and releasing one takes more CPU than a statement."""

from collections.abc import Callable
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

    def fetch(self, query: str, *args: object, **options: Any) -> Any:
        return self._run(asyncpg.Connection.fetch, query, args, options)

    def fetchrow(self, query: str, *args: object, **options: Any) -> Any:
        return self._run(asyncpg.Connection.fetchrow, query, args, options)

    def fetchval(self, query: str, *args: object, **options: Any) -> Any:
        return self._run(asyncpg.Connection.fetchval, query, args, options)

    def execute(self, query: str, *args: object, **options: Any) -> Any:
        return self._run(asyncpg.Connection.execute, query, args, options)

    def get_idle_size(self) -> int:
        return super().get_idle_size() + len(self._kept)

    async def close(self) -> None:
        self._most_kept = 0
        while self._kept:
            await self.release(self._kept.pop()[0])
        await super().close()

    async def _run(
        self, method: Callable[..., Any], query: str, args: tuple[object, ...], options: dict[str, Any]
    ) -> Any:
        lent: Any = self._usable() if self._kept else None
        lent = lent or await self.acquire()
        try:
            # The connection itself: each call through the pool's proxy takes some microseconds.
            result = await method(lent._con, query, *args, **options)
        except BaseException:
            await self.release(lent)
            raise
        if len(self._kept) < self._most_kept:
            self._kept.append((lent, monotonic()))
        else:
            await self.release(lent)
        return result

    def _usable(self) -> Any:
        """A kept connection that is open and was used lately, if there is one."""
        while self._kept:
            lent, used = self._kept.pop()
            if lent._con is None:  # it was lost, and so has left the pool
                continue
            if not lent._con.is_closed() and monotonic() - used < _STALE:
                return lent
            lent.terminate()
        return None
