"""Bounds on a receiver's response, checked before the HTTP parser sees a byte of it.

The parser skips informational responses (1xx) without end, and its regular expressions take quadratic time
in a run of blanks: 14 s of CPU for endless 103 responses, minutes for one header of 100 kB.
"""

import re
import ssl
from typing import Any, Final

import httpcore

MAX_INFORMATIONAL: Final = 8
MAX_HEAD: Final = 16 * 1024  # bytes of all heads together: the informational ones and the final one
MAX_BODY: Final = 8 * 1024  # bytes behind the head; 1 kB sent in chunks of a byte each needs 6 kB
MAX_READS: Final = 400
MAX_BLANKS: Final = 256
_AT_ONCE: Final = 2 * 1024  # bytes
_BLANKS: Final = re.compile(rb"[ \t]{%d}" % MAX_BLANKS)
# 101 is a final answer: the connection would go on with another protocol.
_INFORMATIONAL: Final = re.compile(rb"HTTP/[0-9.]+ 1(?!01)[0-9]{2}")
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")


class AnswerOutOfBounds(httpcore.RemoteProtocolError):
    """The response exceeds a bound. Nothing more of it is read."""


class AnswerStream(httpcore.AsyncNetworkStream):
    """A connection's bytes, within the bounds of each response. A write begins the next request and resets the bounds."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream, self._bounds = stream, _Bounds()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read at most 2 kB. Raises AnswerOutOfBounds and the connection's errors."""
        piece = await self._stream.read(min(max_bytes, _AT_ONCE), timeout)
        self._bounds.check(piece)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._bounds = _Bounds()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return AnswerStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Bounds:
    """Use of the bounds by one response."""

    def __init__(self) -> None:
        self._reads, self._informational = 0, 0
        self._head, self._head_size = b"", 0
        self._in_body, self._body_size, self._tail = False, 0, b""

    def check(self, piece: bytes) -> None:
        self._reads += 1
        if self._reads > MAX_READS:
            raise AnswerOutOfBounds("the response comes in too many pieces")
        if self._in_body:
            self._check_body(piece)
        else:
            self._check_head(piece)

    def _check_head(self, piece: bytes) -> None:
        self._head_size += len(piece)
        if self._head_size > MAX_HEAD:
            raise AnswerOutOfBounds("the response's headers are too large")
        self._head += piece
        while not self._in_body and (end := _END_OF_HEAD.search(self._head)):
            head, self._head = self._head[: end.end()], self._head[end.end() :]
            _refuse_blanks(head)
            self._in_body = not _INFORMATIONAL.match(head)
            self._informational += not self._in_body
        if not self._in_body:
            _refuse_blanks(self._head)
        if self._informational > MAX_INFORMATIONAL:
            raise AnswerOutOfBounds("too many informational responses")

    def _check_body(self, piece: bytes) -> None:
        self._body_size += len(piece)
        seen = self._tail + piece
        if self._body_size > MAX_BODY:
            raise AnswerOutOfBounds("the response's body is too large")
        _refuse_blanks(seen)
        self._tail = seen[-MAX_BLANKS:]


def _refuse_blanks(part: bytes) -> None:
    if _BLANKS.search(part):
        raise AnswerOutOfBounds(f"the response has {MAX_BLANKS} blanks in a row")
