"""Tells a call that fails alone from an outage that fails them all."""

from collections.abc import Collection, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
ROUNDS: Final = 3


class FailingAlone(Generic[K]):
    """Counts, for each key, the rounds in a row in which its call failed while another call was answered.

    A round in which no call was answered is an outage, and counts for nobody: so nothing is given up because of it, also
    where it begins in the midst of a round.
    """

    def __init__(self, rounds: int = ROUNDS) -> None:
        self._most = rounds
        self._rounds: dict[K, int] = {}

    def note(self, failed: Collection[K], *, answered: bool) -> list[K]:
        """Count a round; those that have failed alone for long enough, which are forgotten with this."""
        if answered:
            self._rounds = {key: self._rounds.get(key, 0) + 1 for key in failed}
        else:
            self._rounds = {key: self._rounds.get(key, 0) for key in failed}
        given_up = [key for key, rounds in self._rounds.items() if rounds >= self._most]
        for key in given_up:
            del self._rounds[key]
        return given_up
