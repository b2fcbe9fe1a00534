"""Log lines about refused connections and keys, at a bounded rate."""

import asyncio
from collections import Counter
from typing import Final

import structlog

QUIET_SECONDS: Final = 10.0
_log = structlog.get_logger(__name__)


class Refusals:
    """Logs the first refusal of each reason at once, and the refusals of the next ten seconds together in one line."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._quiet: set[str] = set()

    def add(self, reason: str) -> None:
        """Count a refusal. reason: one of a few fixed texts."""
        self._counts[reason] += 1
        if reason not in self._quiet:
            self._write(reason)

    def _write(self, reason: str) -> None:
        count = self._counts.pop(reason, 0)
        if count == 0:
            self._quiet.discard(reason)
            return
        _log.warning("refused", reason=reason, count=count)
        self._quiet.add(reason)
        asyncio.get_running_loop().call_later(QUIET_SECONDS, self._write, reason)
