"""Lines of a file or of standard input of any size, read a piece at a time."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

from cli.refusals import Refused

MAX_LINE: Final = 16 * 1024 * 1024  # bytes
_PIECE: Final = 256 * 1024  # bytes
_AHEAD: Final = 4  # pieces
STANDARD_INPUT: Final = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """A line, its number from 1; `content` is None where it is longer than MAX_LINE. end: bytes of the file to its end."""

    number: int
    content: bytes | None
    end: int


async def lines(path: str) -> AsyncIterator[Line]:
    """Yield the lines of a file, or of standard input for `-`. Raises Refused where it cannot be read."""
    splitter = Splitter()
    async for piece in _pieces(path):
        for line in splitter.feed(piece):
            yield line
    for line in splitter.finish():
        yield line


class Splitter:
    """Divides pieces into lines and holds at most MAX_LINE bytes of one."""

    def __init__(self) -> None:
        self._number, self._end = 1, 0
        self._begun = bytearray()
        self._too_long = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """Yield the lines that end in this piece."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._end += 1
            yield self._complete(part)
        self._keep(rest)

    def finish(self) -> Iterator[Line]:
        """Yield the text after the last line feed, if any."""
        if self._begun or self._too_long:
            yield self._complete(b"")

    def _complete(self, part: bytes) -> Line:
        self._keep(part)
        line = Line(self._number, None if self._too_long else bytes(self._begun), self._end)
        self._number += 1
        self._begun.clear()
        self._too_long = False
        return line

    def _keep(self, part: bytes) -> None:
        self._end += len(part)
        if len(self._begun) + len(part) > MAX_LINE:
            self._too_long = True
            self._begun.clear()
        if not self._too_long:
            self._begun += part


async def _pieces(path: str) -> AsyncIterator[bytes]:
    """Read in a daemon thread: a read of a terminal or a pipe cannot be interrupted, and must not delay Ctrl-C."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)
    threading.Thread(target=_read, args=(path, loop, queue, room), daemon=True).start()
    while piece := await queue.get():
        if isinstance(piece, OSError):
            raise Refused(f"{path} cannot be read: {piece.strerror}")
        yield piece
        room.release()


def _read(
    path: str,
    loop: asyncio.AbstractEventLoop,
    queue: asyncio.Queue[bytes | OSError],
    room: threading.Semaphore,
) -> None:
    piece: bytes | OSError = b""
    try:
        descriptor = 0 if path == STANDARD_INPUT else os.open(path, os.O_RDONLY)
        while room.acquire() and (piece := os.read(descriptor, _PIECE)):
            loop.call_soon_threadsafe(queue.put_nowait, piece)
    except OSError as error:
        piece = error
    except RuntimeError:  # the loop has ended, and the command with it
        return
    loop.call_soon_threadsafe(queue.put_nowait, piece)
