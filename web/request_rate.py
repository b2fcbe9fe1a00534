"""Bound on the requests of one API key: a bucket that fills steadily and pays for bursts."""

import math
import time
from collections.abc import Callable
from typing import Final

from web.problems import Problem
from web.refusals import Refusals

BURST_SECONDS: Final = 10.0
"""A key that was idle may send this many seconds' worth of requests at once."""


class RequestRate:
    """Responds 429 to a key that sends more requests than it may. per_second: None for no bound.

    Counts in this process alone; there is a bucket for each configured key, so memory is bounded.
    """

    def __init__(
        self, per_second: float | None, refusals: Refusals, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._refusals, self._clock = per_second, refusals, clock
        self._buckets: dict[str, tuple[float, float]] = {}  # requests left at a time

    def admit(self, name: str) -> None:
        """Count one request of a key. Raises the Problem of a key without any left."""
        if self._per_second is None:
            return
        most, now = max(1.0, self._per_second * BURST_SECONDS), self._clock()
        left, at = self._buckets.get(name, (most, now))
        left = min(most, left + (now - at) * self._per_second)
        if left >= 1:
            self._buckets[name] = left - 1, now
            return
        self._buckets[name] = left, now
        self._refusals.add("too many requests with one API key")
        seconds = max(1, math.ceil((1 - left) / self._per_second))
        raise Problem(
            429,
            "too-many-requests",
            f"more than {self._per_second:g} requests a second with this API key",
            headers={"Retry-After": str(seconds)},
        )
