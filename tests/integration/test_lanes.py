"""Lanes of a divided reader: each event is read by the owner of its lane, in order, from the checkpoint of the lane."""

import asyncio

import asyncpg
import pytest

from eventstore.checkpoints import advance, open_checkpoint, position_of
from eventstore.errors import CheckpointMoved, SequenceBehindLog
from eventstore.lane_reader import LANES
from eventstore.model import ANY
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import connected, events, eventually, in_flight
from tests.integration.lanes_harness import NAME, STREAMS, LaneCollector, append_to_all, every, versions

EVEN, ODD = range(0, LANES, 2), range(1, LANES, 2)
_LANES = "select lanes from eventstore.subscriptions where name = $1"
_SET = "update eventstore.subscriptions set position = $2 where name = $1"
_READER_WAITS = """
select exists (select from pg_stat_activity
                where datname = current_database() and wait_event = 'PgSleep' and query like '%next_page%')"""


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


async def drain(*collectors: LaneCollector) -> None:
    for collector in collectors:
        while await collector.step():
            pass


def owning(store: EventStore, *shares: range) -> list[LaneCollector]:
    collectors = [LaneCollector(store.pool) for _ in shares]
    for collector, share in zip(collectors, shares, strict=True):
        collector.own(share)
    return collectors


async def test_owners_of_all_lanes_see_each_event_once_in_the_order_of_its_stream(store: EventStore) -> None:
    even, odd = owning(store, EVEN, ODD)
    await append_to_all(store, 3)
    await drain(even, odd)
    assert versions(even, odd) == every(3)
    assert not even.streams & odd.streams
    assert len(even.streams) == len(odd.streams)
    assert await position_of(store.pool, NAME) == await store.head()


async def test_the_readers_position_is_that_of_its_last_lane(store: EventStore) -> None:
    even, odd = owning(store, EVEN, ODD)
    await append_to_all(store)
    await drain(even)
    assert await position_of(store.pool, NAME) == 0
    await drain(odd)
    assert await position_of(store.pool, NAME) == STREAMS


async def test_a_lane_that_changes_its_owner_goes_on_behind_its_last_page(store: EventStore) -> None:
    even, odd = owning(store, EVEN, ODD)
    await append_to_all(store)
    await drain(even)
    odd.own(range(LANES))
    await append_to_all(store)
    await drain(odd)
    assert versions(even, odd) == every(2)


async def test_a_checkpoint_without_lanes_goes_on_in_all_lanes_without_gap_or_repetition(store: EventStore) -> None:
    await append_to_all(store)
    await open_checkpoint(store.pool, NAME)
    await advance(store.pool, NAME, 0, STREAMS // 2)
    even, odd = owning(store, EVEN, ODD)
    await drain(even, odd)
    assert sorted(event.position for event in even.seen + odd.seen) == list(range(STREAMS // 2 + 1, STREAMS + 1))


async def test_lanes_go_on_behind_a_program_that_knows_no_lanes(store: EventStore) -> None:
    even, odd = owning(store, EVEN, ODD)
    await append_to_all(store)
    await drain(even)
    await advance(store.pool, NAME, 0, 10)  # it has handled the first ten, of all lanes
    even, odd = owning(store, EVEN, ODD)
    await drain(even, odd)
    assert even.seen == []
    assert min(event.position for event in odd.seen) > 10
    assert len(odd.seen) == STREAMS // 2 - 5


async def test_a_position_set_back_by_an_operator_rewinds_every_lane(store: EventStore) -> None:
    [collector] = owning(store, range(LANES))
    await append_to_all(store)
    await drain(collector)
    await store.pool.execute(_SET, NAME, 3)
    await append_to_all(store)
    with pytest.raises(CheckpointMoved):
        await drain(collector)
    collector.seen.clear()
    await drain(collector)
    assert [event.position for event in collector.seen] == list(range(4, 2 * STREAMS + 1))


async def test_an_owner_whose_lane_another_one_has_moved_saves_nothing(store: EventStore) -> None:
    late, owner = owning(store, EVEN, EVEN)
    await append_to_all(store)
    await late.step()
    await drain(owner)
    stored = await store.pool.fetchval(_LANES, NAME)
    with pytest.raises(CheckpointMoved):
        await late.step()
    assert await store.pool.fetchval(_LANES, NAME) == stored
    assert not await late.step()


async def test_another_number_of_lanes_begins_at_the_least_position(store: EventStore) -> None:
    even, odd = owning(store, EVEN, ODD)
    await append_to_all(store)
    await drain(even)
    await store.pool.execute("update eventstore.subscriptions set lanes = lanes[1:8] where name = $1", NAME)
    even, odd = owning(store, EVEN, ODD)
    await drain(even, odd)
    assert versions(even, odd) == every(1)


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
async def test_a_page_of_lanes_waits_for_an_append_in_flight_below_a_committed_one(
    store: EventStore, database_url: str, outcome: str
) -> None:
    [collector] = owning(store, range(LANES))
    await collector.step()
    async with in_flight(database_url, "counter-slow", events(1)) as slow, connected(database_url) as observer:
        await store.append("counter-fast", events(1), expected=ANY)
        reading = asyncio.create_task(drain(collector))
        await eventually("the reader waits", lambda: observer.fetchval(_READER_WAITS))
        await (slow.transaction.commit() if outcome == "commit" else slow.transaction.rollback())
        await asyncio.wait_for(reading, 20)
    expected = ["counter-slow", "counter-fast"] if outcome == "commit" else ["counter-fast"]
    assert [event.stream for event in collector.seen] == expected


async def test_a_position_that_one_lane_has_passed_is_not_given_to_an_event(
    store: EventStore, database_url: str
) -> None:
    even, _ = owning(store, EVEN, ODD)
    await append_to_all(store)
    await drain(even)
    async with connected(database_url) as owner:
        await owner.execute("alter table eventstore.events disable trigger append_only")
        await owner.execute("delete from eventstore.events where position > 5")
        await owner.execute("select setval('eventstore.event_position', 5)")
    assert await store.pool.fetchval("select eventstore.sequence_lag()") == STREAMS - 5
    with pytest.raises(SequenceBehindLog):
        await store.append("counter-new", events(1), expected=ANY)


async def test_a_page_goes_on_behind_many_events_of_other_lanes_and_types(store: EventStore, database_url: str) -> None:
    [collector] = owning(store, range(1))
    async with connected(database_url) as owner:
        await owner.execute(_LONG)
    pages = [await collector.reader.read(limit=10)]
    while pages[-1].more:
        collector.reader.handled(pages[-1])
        pages.append(await collector.reader.read(limit=10))
    assert [event.position for page in pages for event in page.events] == [12_000]
    assert pages[-1].position == 12_000
    assert len(pages) == 3


_LONG = """
insert into eventstore.streams (stream_id, name, version) overriding system value
values (1, 'counter-a', 11999), (16, 'counter-b', 1);
insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata)
select nextval('eventstore.event_position'), case n when 12000 then 16 else 1 end, case n when 12000 then 1 else n end,
       gen_random_uuid(), 'counter.added', 1, '{}', '{}' from generate_series(1, 12000) n"""
