"""Events to rows, without a database: decode, group by key, fold in the order of the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from eventstore.codec import Codec
from eventstore.model import RecordedEvent
from projections.projection import Key, Projection

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Parked:
    """An event's position, and why it could not be taken."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """Typed events with the key of the row that each belongs to, in order, and those that are none."""

    events: list[tuple[Key, Any, RecordedEvent]]
    parked: list[Parked]

    @property
    def keys(self) -> list[Key]:
        """The rows concerned, each once."""
        return list(dict.fromkeys(key for key, _, _ in self.events))


@dataclass(frozen=True, slots=True)
class Folded(Generic[R]):
    """The rows that changed, and the events that their rows could not take."""

    rows: list[R]
    parked: list[Parked]


def decode(projection: Projection[Any], codec: Codec[Any], events: Iterable[RecordedEvent]) -> Decoded:
    """Whatever is wrong with an event stays that event's own: its neighbours go on."""
    decoded = Decoded([], [])
    for recorded in events:
        try:
            event = codec.decode(recorded)
            decoded.events.append((projection.key(event), event, recorded))
        except Exception as error:
            decoded.parked.append(Parked(recorded.position, reason(error)))
    return decoded


def fold(projection: Projection[R], decoded: Decoded, rows: dict[Key, R]) -> Folded[R]:
    """The rows after the events. `rows`: those there are before them."""
    changed: dict[Key, R] = {}
    parked: list[Parked] = []
    for key, event, recorded in decoded.events:
        row = changed.get(key) or rows.get(key) or projection.initial(key)
        try:
            changed[key] = projection.reduce(row, event, recorded)
        except Exception as error:
            parked.append(Parked(recorded.position, reason(error)))
    return Folded(list(changed.values()), parked)


def reason(error: Exception) -> str:
    """What an operator is told: the kind of fault and its own words."""
    return f"{type(error).__name__}: {error}"
