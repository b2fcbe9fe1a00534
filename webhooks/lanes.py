"""Concurrent attempts per endpoint, bounded so that an endpoint that hangs delays no other."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

WIDTH: Final = 16
PATIENCE: Final = 2.0  # seconds
# After so many time-outs in a row an endpoint gets one attempt at a time until it responds.
TRIPS_AFTER: Final = 5


class Busy(Exception):
    """The endpoint has as many attempts in progress as it may. retry_after: seconds, where it asked for a pause."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("the endpoint is busy")
        self.retry_after = retry_after


class Lane:
    """One endpoint's concurrent attempts in this process."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(WIDTH)
        self._in_flight = self._timeouts = 0
        self._paused_until = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot for an attempt while the block runs, after a short wait for it. Raises Busy."""
        if (pause := self._paused_until - time.monotonic()) > 0:
            raise Busy(pause)
        if self._timeouts >= TRIPS_AFTER and self._in_flight:
            raise Busy
        try:
            async with asyncio.timeout(PATIENCE):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy from None
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._slots.release()

    def responded(self) -> None:
        """Record a response: resets the count of consecutive time-outs."""
        self._timeouts = 0

    def timed_out(self) -> None:
        """Record an attempt without a response or a connection."""
        self._timeouts += 1

    def pause(self, seconds: float) -> None:
        """Pause attempts for as long as the endpoint has asked for."""
        self._paused_until = time.monotonic() + seconds


class Lanes:
    """The lanes by endpoint."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def of(self, endpoint_id: str) -> Lane:
        return self._lanes.setdefault(endpoint_id, Lane())
