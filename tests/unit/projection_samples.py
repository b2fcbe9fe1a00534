"""Recorded events, and a projection's rows of them, without a database."""

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from eventstore.codec import Codec
from eventstore.model import RecordedEvent
from orders.events import EVENTS, Event
from orders.ids import stream_name
from projections.fold import Folded, decode, fold
from projections.projection import Projection

R = TypeVar("R")
CODEC: Final[Codec[Any]] = Codec(EVENTS)
START: Final = datetime(2026, 2, 1, tzinfo=UTC)


def at(position: int) -> datetime:
    """Time at which the event at a position was recorded."""
    return START + timedelta(minutes=position)


def recorded(event: Event, position: int) -> RecordedEvent:
    encoded = CODEC.encode(event, id=UUID(int=position), metadata={})
    return RecordedEvent(
        position=position,
        stream=stream_name(event.order_id),
        version=position,
        id=encoded.id,
        type=encoded.type,
        schema_version=encoded.schema_version,
        data=dict(encoded.data),
        metadata={},
        recorded_at=at(position),
    )


def log_of(*events: Event) -> list[RecordedEvent]:
    """Events at positions from 1."""
    return [recorded(event, position) for position, event in enumerate(events, 1)]


def folded(projection: Projection[R], log: Sequence[RecordedEvent], rows: Sequence[R] = ()) -> Folded[R]:
    """All rows after a log, unchanged ones included."""
    by_key = {projection.key_of(row): copy(row) for row in rows}
    addressed = decode(CODEC, [projection], log)[projection.name]
    parked = addressed.parked + fold(projection, addressed, by_key).parked
    return Folded([*by_key.values()], [], parked)
