"""Background work: a step that is repeated until it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, NoReturn

from structlog.typing import FilteringBoundLogger

from eventstore.wording import wording

BACKOFF_FIRST: Final = 0.1
BACKOFF_LAST: Final = 5.0  # seconds


class Looper:
    """Repeats a step. The step returns the seconds until the next one; a wake-up, where there is one, comes sooner.

    A failed step is repeated with growing pauses, up to `longest` seconds. It is logged once as `failure`, and again where the
    error changes; with its traceback where its message may not be logged. retried: other errors end the loop.
    apart: least number of seconds between two steps that wake-ups begin: a wake-up after a quiet time begins one at once.
    """

    def __init__(
        self,
        log: FilteringBoundLogger,
        step: Callable[[], Awaitable[float]],
        *,
        awake: asyncio.Event | None = None,
        apart: float = 0.0,
        retried: tuple[type[Exception], ...] = (Exception,),
        longest: float = BACKOFF_LAST,
        failure: str = "step failed, trying again",
    ) -> None:
        self._log, self._step, self._awake, self._failure = log, step, awake or asyncio.Event(), failure
        self._retried, self._longest = retried, longest
        self._apart, self._woken_at = apart, -apart
        self.last_error: str | None = None

    async def run(self) -> NoReturn:
        """Run for ever, or until an error that is not retried."""
        failures = 0
        while True:
            self._awake.clear()
            try:
                pause = await self._step()
            except self._retried as error:
                failures += 1
                self._note(error, failures)
                await asyncio.sleep(min(BACKOFF_FIRST * 2 ** min(failures, 10), self._longest))
            else:
                failures, self.last_error = 0, None
                if pause:
                    await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        await woken(self._awake, seconds)
        if self._apart and self._awake.is_set():
            await asyncio.sleep(self._woken_at + self._apart - monotonic())
            self._woken_at = monotonic()

    def _note(self, error: Exception, failures: int) -> None:
        kind, text, before = type(error).__name__, wording(error), self.last_error
        self.last_error = f"{kind}: {error}"
        if self.last_error != before:
            self._log.warning(self._failure, error=text, failures=failures, exc_info=text == kind)


async def woken(awake: asyncio.Event, seconds: float) -> None:
    """Return at the next wake-up, or after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await awake.wait()
    except TimeoutError:
        pass
