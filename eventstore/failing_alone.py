"""Tells a call that fails alone from an outage that fails them all."""

from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
ROUNDS: Final = 3


class FailingAlone(Generic[K]):
    """Counts, for each key, the rounds in a row in which its call failed while another call was answered.

    A round in which no call was answered is an outage, and counts for nobody: so nothing is given up because of it, also
    where it begins in the midst of a round. refused: the error of a call that is not answered.
    """

    def __init__(self, refused: type[Exception], rounds: int = ROUNDS) -> None:
        self._refused, self._most = refused, rounds
        self._rounds: dict[K, int] = {}
        self.proof: Callable[[], Awaitable[object]] | None = None
        """A call that was answered, and that changes nothing when it is made once more."""

    async def note(self, failed: Collection[K]) -> list[K]:
        """Count a round; those that have failed alone for long enough, which are forgotten with this."""
        counts = 1 if failed and await self._answered() else 0
        self._rounds = {key: self._rounds.get(key, 0) + counts for key in failed}
        given_up = [key for key, rounds in self._rounds.items() if rounds >= self._most]
        for key in given_up:
            del self._rounds[key]
        return given_up

    async def _answered(self) -> bool:
        """Whether the proof is answered now, after the others have failed."""
        if self.proof is None:
            return False
        try:
            await self.proof()
        except self._refused:
            return False
        return True
