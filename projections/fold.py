"""Folds events into rows, without a database: decode once, find the rows concerned, apply in the order of the log."""

from collections.abc import Iterable
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
class Decoded:
    """Events in their typed form, for any number of projections; beside them those that do not decode, with the reason."""

    events: list[tuple[Any, RecordedEvent]]
    undecodable: list[tuple[RecordedEvent, str]]


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


def decode(codec: Codec[Any], events: Iterable[RecordedEvent]) -> Decoded:
    """Decode each event; an event that does not decode leaves its neighbours alone."""
    decoded = Decoded([], [])
    for recorded in events:
        try:
            decoded.events.append((codec.decode(recorded), recorded))
        except Exception as error:
            decoded.undecodable.append((recorded, reason(error)))
    return decoded


def address(projection: Projection[Any], codec: Codec[Any], decoded: Decoded) -> Addressed:
    """Find the rows of a projection's events. Parks undecodable events of its types and of types unknown to the codec."""
    foreign = set(codec.types) - set(projection.event_types)
    parked = [Parked(each.position, text) for each, text in decoded.undecodable if each.type not in foreign]
    addressed, keys_of, types = Addressed([], parked), projection.keys, frozenset(projection.events)
    for event, recorded in decoded.events:
        if type(event) in types:
            try:
                addressed.events.append((tuple(keys_of(event, recorded)), event, recorded))
            except Exception as error:
                parked.append(Parked(recorded.position, reason(error)))
    return addressed


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
