"""Limits on a client's connection, enforced before a request is complete.

The parser is llhttp, by httptools: h11's regular expressions take quadratic time, a second for a header of 16 kB of blanks.
"""

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.problems import Problem, problem_response
from web.refusals import Refusals

# Below 1,024, the usual limit of open files, with room for the database, Temporal and the files of this process.
MAX_CONNECTIONS: Final = 700
MAX_HEAD: Final = 16 * 1024  # bytes of request line and headers, or of trailers
MAX_HEADERS: Final = 100
MAX_PIPELINED: Final = 16  # requests of a connection that wait for an earlier response
HEAD_SECONDS: Final = 10.0
SEND_SECONDS: Final = 20.0

_TOO_LARGE: Final = Problem(431, "head-too-large", f"more than {MAX_HEADERS} headers, or {MAX_HEAD:,} bytes of them")
_TOO_SLOW: Final = Problem(408, "head-too-slow", f"the request's headers took more than {HEAD_SECONDS:.0f} s")
_MALFORMED: Final = Problem(400, "malformed-request", "this is not an HTTP/1.1 request")
_TOO_MANY_AHEAD: Final = Problem(400, "malformed-request", f"more than {MAX_PIPELINED} pipelined requests")
_FULL: Final = Problem(503, "too-many-connections", "too many connections to this process: try again")


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with bounds on the process's connections, on a request's head, and on time.

    A connection without a request in progress waits for a head, and may be closed to make room for a new connection.
    """

    def __init__(self, *, refusals: Refusals, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._refusals = refusals
        self._refusal = _MALFORMED
        self._waiting_since: float | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None
        self._in_head, self._pieces = False, 0
        self._head_size, self._header_count = 0, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)
        if len(self.connections) > max_connections():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_send_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._waiting_since is not None and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)
        self._pieces += len(data)
        super().data_received(data)
        if self._in_head and self._pieces > MAX_HEAD and not self.transport.is_closing():
            self._refuse(_TOO_LARGE)

    # Callbacks of the parser. An exception ends the parsing and leads to `send_400_response`.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._pieces = True, 0
        self._head_size, self._header_count = 0, 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_count += 1
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refusal = _TOO_MANY_AHEAD
            raise _Refused
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # if pipelined, the next request has already started
            self._wait_for_head()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_timer = self.loop.call_later(
            SEND_SECONDS, self._abort, "the client did not read the response in time"
        )

    def resume_writing(self) -> None:
        self._stop_send_timer()
        super().resume_writing()

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD or self._header_count > MAX_HEADERS:
            self._refusal = _TOO_LARGE
            raise _Refused

    def _wait_for_head(self) -> None:
        self._waiting_since = self.loop.time()

    def _stop_waiting(self) -> None:
        self._waiting_since = None
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _head_is_late(self) -> None:
        self._refusals.add("the request's headers took too long")
        if self._in_head and not self.transport.is_closing():
            self._refuse(_TOO_SLOW)
        if self.transport.get_write_buffer_size():  # closing would wait until the client has read it
            self.transport.abort()
        else:
            self.transport.close()

    def _make_room(self) -> None:
        """Close the connection that has waited longest for a request; refuse this one where every other has one in progress."""
        rest = [each for each in self.connections if isinstance(each, Connection) and each is not self]
        waiting = [each for each in rest if each._waiting_since is not None]
        if not waiting:
            self._refusals.add("too many connections")
            self._refuse(_FULL)
            return
        min(waiting, key=lambda each: each._waiting_since or 0.0)._abort(
            "too many connections: closed the one that waited longest for a request"
        )

    def _abort(self, reason: str) -> None:
        self._refusals.add(reason)
        self._leave()
        self.transport.abort()

    def _refuse(self, problem: Problem) -> None:
        self._leave()
        self.transport.write(_written(problem))
        self.transport.close()

    def _leave(self) -> None:
        """Remove from the connections, so that a closing one is not chosen again to make room."""
        self._stop_waiting()
        self.connections.discard(self)


class _Refused(Exception):
    """Ends the parsing of a request."""


def max_connections() -> int:
    """Return MAX_CONNECTIONS, or fewer where the limit of open files is low."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft * 3 // 4)


def _written(problem: Problem) -> bytes:
    """Encode a problem as a whole HTTP response, for a connection without a request."""
    answer = problem_response(problem)
    lines = [f"HTTP/1.1 {problem.status} {problem.document()['title']}".encode()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    return b"\r\n".join([*lines, b"connection: close", b"", bytes(answer.body)])
