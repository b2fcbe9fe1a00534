"""Lags of the readers of the log: the dispatcher and each projection."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from application.wire import camel_case
from eventstore.checkpoints import lags
from eventstore.store import EventStore


@dataclass(frozen=True, slots=True)
class Standing:
    """Lag of a reader of the log. position: None if it never ran; seconds: age of the oldest event it has not read."""

    name: str
    position: int | None
    events: int
    seconds: float
    parked: int

    def as_json(self) -> dict[str, Any]:
        """In wire spelling."""
        return camel_case(asdict(self))

    def row(self) -> tuple[object, ...]:
        """Cells of a table: name, position, events and seconds behind, parked events."""
        position = "never ran" if self.position is None else f"{self.position:,}"
        return self.name, position, f"{self.events:,}", f"{self.seconds:,.1f}", f"{self.parked:,}"


STANDING_COLUMNS = ("name", "position", "events behind", "seconds behind", "parked")


async def standings(store: EventStore, names: Sequence[str], parked: dict[str, int]) -> list[Standing]:
    """Lags of the named readers, in this order, then of the rebuilds under their names."""
    known = {lag.name: lag for lag in await lags(store.pool)}
    beside = [name for name in known if name.partition(":")[0] in names and name not in names]
    head = await store.head()
    found = []
    for name in (*names, *beside):
        lag = known.get(name)
        if lag is None:
            found.append(Standing(name, None, head, 0.0, parked.get(name, 0)))
        else:
            found.append(Standing(name, lag.position, lag.events, lag.seconds, parked.get(name, 0)))
    return found
