"""Distinguishes single failing calls from an outage."""

from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
ROUNDS: Final = 3


class FailingAlone(Generic[K]):
    """Counts, for each key, the consecutive rounds in which its call failed while another call succeeded.

    A round in which no call succeeds is an outage and is not counted. As an outage may begin in the middle of a round, a call
    that succeeded is repeated after the failures. refused: the error of a failed call.
    """

    def __init__(self, refused: type[Exception]) -> None:
        self._refused = refused
        self._rounds: dict[K, int] = {}
        self.proof: Callable[[], Awaitable[object]] | None = None
        """The latest call that succeeded, set by the caller. To repeat it has no effect."""

    async def note(self, failed: Collection[K]) -> list[K]:
        """Count a round. Returns the keys that reached the limit, and resets them."""
        counts = 1 if failed and await self._answered() else 0
        self._rounds = {key: self._rounds.get(key, 0) + counts for key in failed}
        given_up = [key for key, rounds in self._rounds.items() if rounds >= ROUNDS]
        for key in given_up:
            del self._rounds[key]
        return given_up

    async def _answered(self) -> bool:
        """Repeat the call that succeeded; True if it succeeds again."""
        if self.proof is None:
            return False
        try:
            await self.proof()
        except self._refused:
            return False
        return True
