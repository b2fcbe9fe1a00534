"""Turns at a stream: appends that may wait for its row in the database wait for each other here first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lanes:
    """One at a time for each stream, and so many for all: where a transaction hangs on some streams, the appends that wait
    for those leave the pool's other connections to their neighbours."""

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @property
    def full(self) -> bool:
        """Whether the next would have to wait, whatever its stream."""
        return self._room.locked()

    def is_taken(self, stream: str) -> bool:
        """Whether an append to the stream has its turn, or waits for it."""
        return stream in self._locks

    @asynccontextmanager
    async def of(self, stream: str) -> AsyncIterator[None]:
        """The stream's turn, for the length of a block."""
        lock = self._locks.setdefault(stream, asyncio.Lock())
        self._users[stream] = self._users.get(stream, 0) + 1
        try:
            async with lock, self._room:
                yield
        finally:
            self._users[stream] -= 1
            if not self._users[stream]:
                del self._users[stream], self._locks[stream]
