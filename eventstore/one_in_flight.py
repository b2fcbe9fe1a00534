"""A shared call: concurrent callers share one call in flight."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class OneInFlight(Generic[T]):
    """Answers each caller with a call that began after the request; all callers that came during a call share the next one,
    and so one connection."""

    def __init__(self, call: Callable[[], Awaitable[T]]) -> None:
        self._call = call
        self._current: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def ask(self) -> T:
        """The call's result, or its error. Cancelling a caller does not cancel the call."""
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
        task.exception()  # marks it as retrieved where every caller was cancelled
