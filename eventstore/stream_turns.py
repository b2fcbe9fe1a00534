"""Turns at a stream: appends to the same stream queue in the process, not at its row in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


class StreamTurns:
    """One append at a time for each stream, and a limit for all: appends blocked by a hanging transaction leave the pool's
    other connections free."""

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @property
    def full(self) -> bool:
        """True where an append to any stream would have to wait."""
        return self._room.locked()

    def is_taken(self, stream: str) -> bool:
        """True while an append to the stream is in progress or pending."""
        return stream in self._locks

    async def in_turn(self, stream: str, append: Callable[[A], Awaitable[T]], appended: A) -> T:
        """Append in the stream's turn."""
        lock = self._locks.setdefault(stream, asyncio.Lock())
        self._users[stream] = self._users.get(stream, 0) + 1
        try:
            async with lock, self._room:
                return await append(appended)
        finally:
            self._users[stream] -= 1
            if not self._users[stream]:
                del self._users[stream], self._locks[stream]
