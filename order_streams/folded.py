"""Folded order streams, read many at a time."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import asyncpg

from eventstore.codec import Codec
from eventstore.errors import EventStoreError
from eventstore.model import RecordedEvent
from order_streams.statements import EVENTS_OF_STREAMS, NAMES_WITHOUT_STREAM, STREAM_NAMES
from orders.errors import CorruptStream
from orders.events import ANNOTATIONS, Event, OrderShipped
from orders.evolve import fold
from orders.ids import stream_name
from orders.state import ExistingOrder, NotPlaced

PAGE: Final = 200
_PREFIX: Final = stream_name("")
# The first name after all names with the prefix.
_END: Final = _PREFIX[:-1] + chr(ord(_PREFIX[-1]) + 1)


@dataclass(frozen=True, slots=True)
class OrderStream:
    """An order's stream: its events in order, and the state they fold to. fault: why it does not fold; then it has no events
    and no state."""

    order_id: str
    version: int
    events: tuple[tuple[RecordedEvent, Event], ...]
    state: ExistingOrder | None
    fault: str | None = None

    def last(self, wanted: Callable[[Event], bool]) -> tuple[RecordedEvent, Event] | None:
        """The last event for which `wanted` is true, as recorded and typed."""
        return next((each for each in reversed(self.events) if wanted(each[1])), None)

    @property
    def last_step(self) -> RecordedEvent:
        """The last event that is more than a note or a tag. The order has events."""
        return next(recorded for recorded, event in reversed(self.events) if not isinstance(event, ANNOTATIONS))

    @property
    def shipment(self) -> tuple[RecordedEvent, OrderShipped] | None:
        return next(((recorded, event) for recorded, event in self.events if isinstance(event, OrderShipped)), None)


async def order_ids(pool: asyncpg.Pool) -> AsyncIterator[list[str]]:
    """Ids of all orders, a page at a time."""
    after = _PREFIX
    while names := [row["name"] for row in await pool.fetch(STREAM_NAMES, after, _END, PAGE)]:
        yield [name.removeprefix(_PREFIX) for name in names]
        after = names[-1]


async def read_orders(pool: asyncpg.Pool, codec: Codec[Event], ids: Sequence[str]) -> list[OrderStream]:
    """The folded streams of these orders; orders without a stream are left out."""
    rows = await pool.fetch(EVENTS_OF_STREAMS, [stream_name(id_) for id_ in ids])
    return [_folded(codec, name, list(group)) for name, group in groupby(rows, key=itemgetter("name"))]


async def read_order(pool: asyncpg.Pool, codec: Codec[Event], order_id: str) -> OrderStream | None:
    """The order's stream, folded; None where it has none."""
    return next(iter(await read_orders(pool, codec, [order_id])), None)


async def statuses(pool: asyncpg.Pool, codec: Codec[Event], ids: Iterable[str]) -> dict[str, str]:
    """The status of each of these orders, by its stream; orders without a stream that folds are left out."""
    streams = await read_orders(pool, codec, list(set(ids)))
    return {stream.order_id: stream.state.status for stream in streams if stream.state}


async def without_stream(pool: asyncpg.Pool, ids: Iterable[str]) -> set[str]:
    """Ids among these that no order has."""
    rows = await pool.fetch(NAMES_WITHOUT_STREAM, [stream_name(id_) for id_ in ids])
    return {row["name"].removeprefix(_PREFIX) for row in rows}


def _folded(codec: Codec[Event], name: str, rows: Sequence[asyncpg.Record]) -> OrderStream:
    order_id, version = name.removeprefix(_PREFIX), int(rows[0]["stream_version"])
    recorded = [_recorded(row) for row in rows if row["position"] is not None]
    try:
        _require_unbroken(version, recorded)
        events = tuple((each, codec.decode(each)) for each in recorded)
        state = _fold(order_id, [event for _, event in events])
    except (EventStoreError, CorruptStream, _Broken) as error:
        return OrderStream(order_id, version, (), None, str(error))
    return OrderStream(order_id, version, events, state)


class _Broken(Exception):
    """The events are not one unbroken stream of one order."""


def _require_unbroken(version: int, events: Sequence[RecordedEvent]) -> None:
    versions = [event.version for event in events]
    if versions != list(range(1, version + 1)):
        raise _Broken(f"the stream is at version {version} and holds the versions {_shown(versions)}")


def _fold(order_id: str, events: Sequence[Event]) -> ExistingOrder:
    state = fold(events)
    if isinstance(state, NotPlaced):
        raise _Broken("the stream has no events")
    if state.order.order_id != order_id:
        raise _Broken(f"the stream holds the events of order {state.order.order_id}")
    return state


def _shown(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions[:10])) + (", …" if len(versions) > 10 else "") if versions else "none"


def _recorded(row: Any) -> RecordedEvent:
    return RecordedEvent(
        position=row["position"],
        stream=row["name"],
        version=row["version"],
        id=UUID(int=row["id"].int),
        type=row["type"],
        schema_version=row["schema_version"],
        data=row["data"],
        metadata=row["metadata"],
        recorded_at=row["recorded_at"],
    )
