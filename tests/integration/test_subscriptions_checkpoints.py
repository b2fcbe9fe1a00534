"""Checkpoints: start of a subscription, fencing, and lag."""

import asyncpg
import pytest

from eventstore.checkpoints import advance, lags, open_checkpoint
from eventstore.errors import CheckpointMoved
from eventstore.model import ANY
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import Collector, collected, create_collected, events


@pytest.fixture
async def store(pool: asyncpg.Pool, database_url: str) -> EventStore:
    await create_collected(database_url)
    return EventStore(pool, Wakeup(pool))


async def test_given_a_new_subscription_when_opened_then_it_begins_where_asked_and_later_where_it_stands(
    pool: asyncpg.Pool,
) -> None:
    assert await open_checkpoint(pool, "a") == 0
    assert await open_checkpoint(pool, "b", start=7) == 7
    await advance(pool, "b", 7, 9)
    assert await open_checkpoint(pool, "b", start=3) == 9


async def test_given_a_checkpoint_that_moved_when_advancing_then_what_was_written_with_it_is_rolled_back(
    store: EventStore,
) -> None:
    await store.append("counter-1", events(2), expected=ANY)
    await open_checkpoint(store.pool, "collector")
    await advance(store.pool, "collector", 0, 1)

    async def write_from_the_old_position() -> None:
        async with store.pool.acquire() as connection, connection.transaction():
            await connection.execute("insert into public.collected values ('collector', 1)")
            await advance(connection, "collector", 0, 2)

    with pytest.raises(CheckpointMoved) as refusal:
        await write_from_the_old_position()

    assert (refusal.value.name, refusal.value.expected) == ("collector", 0)
    assert await collected(store.pool) == []
    assert await open_checkpoint(store.pool, "collector") == 1


async def test_given_a_name_nobody_opened_when_advancing_then_it_is_refused(pool: asyncpg.Pool) -> None:
    with pytest.raises(CheckpointMoved):
        await advance(pool, "nobody", 0, 1)


async def test_given_a_subscription_behind_the_log_when_asking_for_its_lag_then_events_and_age_come(
    store: EventStore,
) -> None:
    await store.append("counter-1", events(5), expected=ANY)
    for name, position in (("behind", 2), ("up-to-date", 5), ("new", 0)):
        await open_checkpoint(store.pool, name, start=position)
    age = "select extract(epoch from clock_timestamp() - recorded_at)::float from eventstore.events where position = 3"

    at_least = await store.pool.fetchval(age)
    found = {lag.name: lag for lag in await lags(store.pool)}
    at_most = await store.pool.fetchval(age)

    assert {name: (lag.position, lag.events) for name, lag in found.items()} == {
        "behind": (2, 3),
        "new": (0, 5),
        "up-to-date": (5, 0),
    }
    assert 0 < at_least <= found["behind"].seconds <= at_most
    assert found["up-to-date"].seconds == 0
    assert found["behind"].updated_at.utcoffset() is not None


async def test_given_one_name_when_asking_for_its_lag_then_only_that_one_comes(pool: asyncpg.Pool) -> None:
    for name in ("a", "b"):
        await open_checkpoint(pool, name)
    assert [lag.name for lag in await lags(pool, "b")] == ["b"]
    assert await lags(pool, "nobody") == []


async def test_given_a_log_of_many_pages_when_stepped_to_its_end_then_each_event_is_collected_once_in_order(
    store: EventStore,
) -> None:
    await store.append("counter-1", events(1050), expected=ANY)
    collector = Collector(store, limit=100)
    while await collector.step():
        pass
    assert [event.version for event in collector.seen] == list(range(1, 1051))
    assert (await lags(store.pool, "collector"))[0].events == 0
