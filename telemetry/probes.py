"""Liveness and readiness of a serving process over HTTP, from a thread: answers use no time of the event loop."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import structlog

from eventstore.looper import Looper
from settings import SettingsError, host_and_port

HUNG: Final = 30.0  # seconds without a turn of the event loop
STALE: Final = 30.0  # seconds after which a result is out of date
_BEAT: Final = 1.0
_EVERY: Final = 5.0
_log = structlog.get_logger(__name__)

Look = Callable[[], Awaitable[tuple[str, ...]]]
"""Problems of the process; none where it is ready."""


class Probes:
    """The time of the event loop's last turn, and the latest problems of the process."""

    def __init__(self) -> None:
        self._turned = time.monotonic()
        self._looked = float("-inf")
        self._problems: tuple[str, ...] = ("it has not started yet",)

    def turned(self) -> None:
        self._turned = time.monotonic()

    def looked(self, problems: tuple[str, ...]) -> None:
        self._looked, self._problems = time.monotonic(), problems

    def live(self) -> tuple[str, ...]:
        """Problems that only a new process ends."""
        still = time.monotonic() - self._turned
        return (f"the event loop has not turned for {still:.0f} s",) if still > HUNG else ()

    def ready(self) -> tuple[str, ...]:
        """Problems that keep the process from its work."""
        if self._looked > float("-inf") and time.monotonic() - self._looked > STALE:
            return (f"the last look was {time.monotonic() - self._looked:.0f} s ago",)
        return self._problems


@asynccontextmanager
async def probes_served(address: str | None, look: Look) -> AsyncIterator[None]:
    """Answer /livez and /readyz at this address while the block runs; nothing where it is None. Raises SettingsError."""
    if address is None:
        yield
        return
    probes = Probes()
    server = _listen(address, probes)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    tasks = [
        asyncio.create_task(Looper(_log, step, longest=_EVERY, failure="readiness not known").run())
        for step in (partial(_turn, probes), partial(_look, probes, look))
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(server.shutdown)
        server.server_close()


async def _turn(probes: Probes) -> float:
    probes.turned()
    return _BEAT


async def _look(probes: Probes, look: Look) -> float:
    probes.looked(await look())
    return _EVERY


def _listen(address: str, probes: Probes) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # seconds for a request to come

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/livez":
                    self._answer(probes.live())
                case "/readyz":
                    self._answer(probes.ready())
                case _:
                    self.send_error(404)

        def _answer(self, problems: tuple[str, ...]) -> None:
            body = json.dumps({"status": "not ok" if problems else "ok", "problems": problems}).encode()
            self.send_response(503 if problems else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None: ...

    try:
        return ThreadingHTTPServer(host_and_port(address), Handler)
    except OSError as error:
        raise SettingsError(f"ORDERS_HEALTH_ADDRESS: cannot listen on {address}: {error.strerror or error}") from None
