"""The relay's tables: deliveries for the events of a page, and the deliveries whose workflow is yet to be signalled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from eventstore.errors import CheckpointMoved
from eventstore.model import RecordedEvent
from webhooks import statements
from webhooks.topics import is_deliverable, order_of, wants


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint that receives the events after a position."""

    id: str
    topics: list[str]
    starts_after: int


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay to an endpoint: the events after one position and up to another are sent again."""

    id: str
    topics: list[str]
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries of one endpoint and order whose workflow has not been signalled.

    signalled_before: the workflow was signalled for earlier deliveries that are still pending. It looks for more after
    those, and these were committed before, so it finds them without a signal.
    """

    endpoint_id: str
    order_id: str
    positions: list[int]
    signalled_before: bool


Executor = asyncpg.Pool | asyncpg.Connection


async def any_listeners(executor: Executor) -> bool:
    return bool(await executor.fetchval(statements.ANY_LISTENERS))


async def listeners(executor: Executor) -> list[Listener]:
    return [Listener(*row) for row in await executor.fetch(statements.LISTENERS)]


async def replays(executor: Executor) -> list[Replay]:
    return [Replay(*row) for row in await executor.fetch(statements.REPLAYS)]


async def add(executor: Executor, events: Sequence[RecordedEvent], listening: Sequence[Listener]) -> None:
    """Add a delivery for each event and endpoint subscribed to it; existing deliveries stay unchanged."""
    matches = [
        (listener.id, event)
        for event in events
        if is_deliverable(event)
        for listener in listening
        if event.position > listener.starts_after and wants(listener.topics, event.type)
    ]
    if matches:
        await executor.execute(statements.ADD_DELIVERIES, *_columns(matches))


async def add_again(executor: Executor, events: Sequence[RecordedEvent], replay: Replay) -> None:
    """The same for a replay: delivered and parked deliveries become pending again."""
    wanted = [event for event in events if is_deliverable(event) and wants(replay.topics, event.type)]
    if wanted:
        await executor.execute(statements.ADD_DELIVERIES_AGAIN, *_columns([(replay.id, event) for event in wanted]))


async def replayed(executor: Executor, replay: Replay, position: int) -> None:
    """Record the position that a replay has reached; at its end the replay is over. Raises CheckpointMoved."""
    if await executor.execute(statements.REPLAYED, replay.id, replay.after, position) != "UPDATE 1":
        raise CheckpointMoved(f"replay of {replay.id}", replay.after)


async def waiting(executor: Executor, limit: int) -> list[Waiting]:
    """Return unsignalled deliveries, at most `limit` of them."""
    return [Waiting(*row) for row in await executor.fetch(statements.WAITING, limit)]


async def signalled(executor: Executor, done: Iterable[Waiting]) -> None:
    pairs = [(each.endpoint_id, position) for each in done for position in each.positions]
    endpoint_ids, positions = [endpoint_id for endpoint_id, _ in pairs], [position for _, position in pairs]
    await executor.execute(statements.SIGNALLED, endpoint_ids, positions)


async def has_pending(executor: Executor, endpoint_id: str, limit: int) -> bool:
    """Return True where an endpoint has at least `limit` pending deliveries."""
    return int(await executor.fetchval(statements.PENDING, endpoint_id, limit)) == limit


def _columns(matches: Sequence[tuple[str, RecordedEvent]]) -> tuple[list[object], ...]:
    rows = [(endpoint_id, e.position, order_of(e), e.id, e.type) for endpoint_id, e in matches]
    return tuple(list(column) for column in zip(*rows, strict=True))
