"""Turns at a stream: appends to the same stream queue in the process, not at its row in the database."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

A = TypeVar("A")
T = TypeVar("T")
_Queue: TypeAlias = deque[asyncio.Future[None]]


class StreamTurns:
    """One append at a time for each stream, and a limit for all: appends blocked by a hanging transaction leave the pool's
    other connections free. An append to a free stream within the limit waits for nothing, and costs no lock."""

    def __init__(self, at_once: int) -> None:
        self._room = at_once
        self._for_room: _Queue = deque()
        self._taken: dict[str, _Queue] = {}

    @property
    def full(self) -> bool:
        """True where an append to any stream would have to wait."""
        return not self._room

    def is_taken(self, stream: str) -> bool:
        """True while an append to the stream is in progress or pending."""
        return stream in self._taken

    async def in_turn(self, stream: str, append: Callable[[A], Awaitable[T]], appended: A) -> T:
        """Append in the stream's turn."""
        if (queue := self._taken.get(stream)) is None:
            self._taken[stream] = deque()
        else:
            await _given(queue, lambda: self._free_stream(stream))
        try:
            if self._room:
                self._room -= 1
            else:
                await _given(self._for_room, self._free_room)
            try:
                return await append(appended)
            finally:
                self._free_room()
        finally:
            self._free_stream(stream)

    def _free_room(self) -> None:
        if not _give(self._for_room):
            self._room += 1

    def _free_stream(self, stream: str) -> None:
        if not _give(self._taken[stream]):
            del self._taken[stream]


async def _given(queue: _Queue, give_back: Callable[[], None]) -> None:
    """Wait until the holder gives its place; give_back: for a place given to a task that is cancelled."""
    place = asyncio.get_running_loop().create_future()
    queue.append(place)
    try:
        await place
    except asyncio.CancelledError:
        if not place.cancelled():
            give_back()
        raise


def _give(queue: _Queue) -> bool:
    """Give a place to the first task that waits for it."""
    while queue:
        place = queue.popleft()
        if not place.done():
            place.set_result(None)
            return True
    return False
