"""What the relay writes: deliveries for the events of a page, and which of them are still to be signalled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from eventstore.errors import CheckpointMoved
from eventstore.model import RecordedEvent
from webhooks.topics import concerns_others, order_of, wants

# All enabled ones: a table of a few rows.
_LISTENERS: Final = "select id, topics, starts_after from webhooks.endpoints where enabled"
_ANY: Final = "select exists (select from webhooks.endpoints where enabled)"
_REPLAYS: Final = """
select id, topics, replay_after, replay_until from webhooks.endpoints
 where replay_after is not null and enabled order by id"""
# By deliveries_pkey; no row for an endpoint that was removed meanwhile.
_INSERT: Final = """
insert into webhooks.deliveries as d (endpoint_id, position, order_id, event_id, event_type)
select n.* from unnest($1::text[], $2::bigint[], $3::text[], $4::uuid[], $5::text[])
       n (endpoint_id, position, order_id, event_id, event_type)
  join webhooks.endpoints e on e.id = n.endpoint_id
    on conflict (endpoint_id, position) do """
_ADD: Final = _INSERT + "nothing"
_ADD_AGAIN: Final = (
    _INSERT
    + """update
   set state = 'pending', signalled_at = null, attempts = 0, last_status = null, last_error = null, last_response = null,
       next_attempt_at = null, since = clock_timestamp(), ended_at = null
 where d.state <> 'pending'"""
)
# Fencing: a relay that lost its ownership unseen finds the replay further on, and rolls back.
_REPLAYED: Final = """
update webhooks.endpoints
   set replay_after = case when $3::bigint < replay_until then $3 end,
       replay_until = case when $3::bigint < replay_until then replay_until end
 where id = $1 and replay_after = $2"""
# By deliveries_unsignalled, then deliveries_pending. Not those of a disabled endpoint, of which there are few: a workflow
# would find nothing to do.
_WAITING: Final = """
select endpoint_id, order_id, array_agg(position) as positions,
       exists (select from webhooks.deliveries s
                where s.endpoint_id = w.endpoint_id and s.order_id = w.order_id and s.state = 'pending'
                  and s.signalled_at is not null) as under_way
  from (select d.endpoint_id, d.order_id, d.position
          from webhooks.deliveries d join webhooks.endpoints e on e.id = d.endpoint_id and e.enabled
         where d.state = 'pending' and d.signalled_at is null order by d.position, d.endpoint_id limit $1) w
 group by 1, 2"""
# By deliveries_pkey.
_SIGNALLED: Final = """
update webhooks.deliveries d set signalled_at = clock_timestamp()
  from unnest($1::text[], $2::bigint[]) s (endpoint_id, position)
 where d.endpoint_id = s.endpoint_id and d.position = s.position and d.state = 'pending'"""
# By deliveries_pending, no further than to the limit.
_PENDING: Final = """
select count(*) from (select from webhooks.deliveries where endpoint_id = $1 and state = 'pending' limit $2) p"""


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint that is told of events after a position."""

    id: str
    topics: list[str]
    starts_after: int


@dataclass(frozen=True, slots=True)
class Replay:
    """An endpoint that is told again of what lies after one position and up to another."""

    id: str
    topics: list[str]
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries of one endpoint and order that their workflow has not heard of.

    under_way: it has heard of others that are still pending, and looks for more when it is done with those. That was so
    after these were committed, so it finds them.
    """

    endpoint_id: str
    order_id: str
    positions: list[int]
    under_way: bool


Executor = asyncpg.Pool | asyncpg.Connection


async def any_listeners(executor: Executor) -> bool:
    return bool(await executor.fetchval(_ANY))


async def listeners(executor: Executor) -> list[Listener]:
    return [Listener(*row) for row in await executor.fetch(_LISTENERS)]


async def replays(executor: Executor) -> list[Replay]:
    """Those under way."""
    return [Replay(*row) for row in await executor.fetch(_REPLAYS)]


async def add(executor: Executor, events: Sequence[RecordedEvent], told: Sequence[Listener]) -> None:
    """A delivery for each event and endpoint that wants it; those that there are stay as they are."""
    matches = [
        (listener.id, event)
        for event in events
        if concerns_others(event)
        for listener in told
        if event.position > listener.starts_after and wants(listener.topics, event.type)
    ]
    if matches:
        await executor.execute(_ADD, *_columns(matches))


async def add_again(executor: Executor, events: Sequence[RecordedEvent], replay: Replay) -> None:
    """The same for a replay: those that were delivered or parked are pending once more."""
    wanted = [event for event in events if concerns_others(event) and wants(replay.topics, event.type)]
    if wanted:
        await executor.execute(_ADD_AGAIN, *_columns([(replay.id, event) for event in wanted]))


async def replayed(executor: Executor, replay: Replay, position: int) -> None:
    """Note how far it has come; at its end it is over. Raises CheckpointMoved."""
    if await executor.execute(_REPLAYED, replay.id, replay.after, position) != "UPDATE 1":
        raise CheckpointMoved(f"replay of {replay.id}", replay.after)


async def waiting(executor: Executor, limit: int) -> list[Waiting]:
    """The next of those to be signalled, at most so many deliveries."""
    return [Waiting(*row) for row in await executor.fetch(_WAITING, limit)]


async def signalled(executor: Executor, told: Iterable[Waiting]) -> None:
    pairs = [(each.endpoint_id, position) for each in told for position in each.positions]
    await executor.execute(_SIGNALLED, [endpoint_id for endpoint_id, _ in pairs], [position for _, position in pairs])


async def has_pending(executor: Executor, endpoint_id: str, limit: int) -> bool:
    """Whether so many of an endpoint's deliveries are pending."""
    return int(await executor.fetchval(_PENDING, endpoint_id, limit)) == limit


def _columns(matches: Sequence[tuple[str, RecordedEvent]]) -> tuple[list[object], ...]:
    rows = [(endpoint_id, e.position, order_of(e), e.id, e.type) for endpoint_id, e in matches]
    return tuple(list(column) for column in zip(*rows, strict=True))
