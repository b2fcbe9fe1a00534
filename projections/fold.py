"""Folds events into rows, without a database: decode once, find the rows, apply in the order of the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, Generic, TypeVar

from eventstore.codec import Codec
from eventstore.model import RecordedEvent
from projections.projection import Changes, Key, Projection

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Parked:
    """Position of an event that a projection does not fold, and the reason."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """A projection's part of some events, each with the keys of the rows that it changes, and the events to park."""

    events: list[tuple[tuple[Key, ...], Any, RecordedEvent]]
    parked: list[Parked]

    @property
    def keys(self) -> list[Key]:
        """The rows concerned, each once."""
        return list(dict.fromkeys(chain.from_iterable(map(itemgetter(0), self.events))))


@dataclass(frozen=True, slots=True)
class Folded(Generic[R]):
    """The rows that the events made, the earlier rows that they changed, and the events to park."""

    new: list[R]
    changed: list[R]
    parked: list[Parked]

    @property
    def rows(self) -> list[R]:
        """All of the rows."""
        return self.new + self.changed


def decode(
    codec: Codec[Any], projections: Sequence[Projection[Any]], events: Iterable[RecordedEvent]
) -> dict[str, Addressed]:
    """Decode each event once and find the rows that it changes, by projection: one pass, as a page is larger than the
    processor's cache. An event that fails leaves its neighbours alone.

    Undecodable events of a projection's types, and of types unknown to the codec, are parked.
    """
    parts = [_Part(projection, codec) for projection in projections]
    for recorded in events:
        try:
            event = codec.decode(recorded)
        except Exception as error:
            for part in parts:
                part.park_undecodable(recorded, reason(error))
        else:
            for part in parts:
                part.add(event, recorded)
    return {part.name: part.addressed for part in parts}


class _Part:
    def __init__(self, projection: Projection[Any], codec: Codec[Any]) -> None:
        self.name, self.addressed = projection.name, Addressed([], [])
        self._keys_of, self._types = projection.keys, frozenset(projection.events)
        self._foreign = set(codec.types) - set(projection.event_types)

    def add(self, event: Any, recorded: RecordedEvent) -> None:
        if type(event) in self._types:
            try:
                self.addressed.events.append((tuple(self._keys_of(event, recorded)), event, recorded))
            except Exception as error:
                self.addressed.parked.append(Parked(recorded.position, reason(error)))

    def park_undecodable(self, recorded: RecordedEvent, why: str) -> None:
        if recorded.type not in self._foreign:
            self.addressed.parked.append(Parked(recorded.position, why))


def fold(projection: Projection[R], addressed: Addressed, rows: dict[Key, R]) -> Folded[R]:
    """Apply the events to their rows. `rows`: the rows before them, changed in place and added to."""
    new: dict[Key, R] = {}
    changed: dict[Key, R] = {}
    parked: list[Parked] = []
    initial, changes = projection.initial, projection.changes
    for keys, event, recorded in addressed.events:
        made: list[tuple[Key, R, Changes]] = []
        try:  # all changes of an event are known before the first is made: an error leaves no row half changed
            for key in keys:
                row = rows.get(key) or initial(key)
                made.append((key, row, changes(row, event, recorded)))
        except Exception as error:
            parked.append(Parked(recorded.position, reason(error)))
            continue
        for key, row, values in made:
            for name, value in values.items():
                setattr(row, name, value)
            if key not in rows:
                rows[key] = new[key] = row
            elif key not in new:
                changed[key] = row
    return Folded(list(new.values()), list(changed.values()), parked)


def reason(error: Exception) -> str:
    """The reason of a parked event as an operator sees it: kind of error and its message."""
    return f"{type(error).__name__}: {error}"
