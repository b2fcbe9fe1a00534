"""How many attempts go on at each endpoint at a time, so that one which hangs holds up no other."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

WIDTH: Final = 16
PATIENCE: Final = 2.0  # seconds
# An endpoint that has answered nobody so often in a row is tried one at a time until it answers.
TRIPS_AFTER: Final = 5


class Busy(Exception):
    """The endpoint has as many attempts under way as it may. retry_after: seconds, where it asked for a pause."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("the endpoint is busy")
        self.retry_after = retry_after


class Lane:
    """One endpoint's attempts in this process."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(WIDTH)
        self._in_flight = self._silences = 0
        self._paused_until = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place for an attempt, which is waited for a little while. Raises Busy."""
        if (pause := self._paused_until - time.monotonic()) > 0:
            raise Busy(pause)
        if self._silences >= TRIPS_AFTER and self._in_flight:
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

    def answered(self) -> None:
        """Whatever the answer was, the endpoint is there."""
        self._silences = 0

    def silent(self) -> None:
        """No answer in time, or no connection."""
        self._silences += 1

    def pause(self, seconds: float) -> None:
        """It asked to be left alone for a while."""
        self._paused_until = time.monotonic() + seconds


class Lanes:
    """Every endpoint's lane."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def of(self, endpoint_id: str) -> Lane:
        return self._lanes.setdefault(endpoint_id, Lane())
