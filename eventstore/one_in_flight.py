"""A call that many may ask for at once, of which one is in flight."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class OneInFlight(Generic[T]):
    """Answers each caller with a call that began after the caller asked; all who asked while one was in flight share
    the next, so that they take one connection together."""

    def __init__(self, call: Callable[[], Awaitable[T]]) -> None:
        self._call = call
        self._current: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def ask(self) -> T:
        """The call's answer. Raises what it raises; a caller that is cancelled leaves it to the others."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._after(self._current))
            self._next.add_done_callback(_retrieved)
        return await asyncio.shield(self._next)

    async def _after(self, current: asyncio.Task[T] | None) -> T:
        if current is not None:
            await asyncio.wait([current])
        self._current, self._next = self._next, None
        return await self._call()


def _retrieved(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()  # where every caller was cancelled, nobody else looks at it
