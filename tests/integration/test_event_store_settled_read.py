"""Every committed event is read once, in order, although positions become visible out of order."""

import asyncio
import random
from collections import defaultdict
from uuid import UUID

import asyncpg
import pytest

from eventstore.model import ANY, RecordedEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import as_appended, connected, events, eventually, in_flight

WRITERS = 24
TRANSACTIONS = 80
STREAMS = 30
_LONGEST_PAUSE = 0.02
_ROLLED_BACK = 0.15


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


async def write(database_url: str, seed: int) -> set[UUID]:
    """Append in transactions that stay open for a random while; the ids of what was committed."""
    dice = random.Random(seed)
    committed: set[UUID] = set()
    connection = await asyncpg.connect(database_url, server_settings={"role": "orders_app"})
    for _ in range(TRANSACTIONS):
        transaction = connection.transaction()
        await transaction.start()
        batch = events(dice.randint(1, 3))
        await as_appended(connection, f"counter-{dice.randrange(STREAMS)}", batch)
        await asyncio.sleep(dice.random() * _LONGEST_PAUSE)
        if dice.random() < _ROLLED_BACK:
            await transaction.rollback()
        else:
            await transaction.commit()
            committed |= {event.id for event in batch}
    await connection.close()
    return committed


async def tail(store: EventStore, finished: asyncio.Event, into: list[RecordedEvent]) -> None:
    position = 0
    while True:
        last = finished.is_set()
        page = await store.read_all(after=position, limit=200)
        into += page.events
        if last and page.position == position:
            return
        position = page.position


async def test_given_24_writers_that_dawdle_and_roll_back_when_tailing_then_each_event_is_seen_once_in_order(
    store: EventStore, database_url: str
) -> None:
    finished, seen = asyncio.Event(), list[RecordedEvent]()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(tail(store, finished, seen))
        written = await asyncio.gather(*(write(database_url, seed) for seed in range(WRITERS)))
        finished.set()

    assert len(seen) == len({event.id for event in seen})
    assert {event.id for event in seen} == set().union(*written)
    positions = [event.position for event in seen]
    assert positions == sorted(set(positions))
    streams = defaultdict(list)
    for event in seen:
        streams[event.stream].append(event.version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in streams.values())


READER_WAITS = """
select exists (select from pg_stat_activity
                where datname = current_database() and wait_event = 'PgSleep' and query like '%settled()%')"""

WRITER_WAITS = """
select exists (select from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock' and query like $1)"""


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
async def test_given_an_append_in_flight_below_a_committed_one_when_reading_then_the_read_waits_for_its_end(
    store: EventStore, database_url: str, outcome: str
) -> None:
    async with in_flight(database_url, "counter-slow", events(1)) as slow, connected(database_url) as observer:
        fast = await store.append("counter-fast", events(1), expected=ANY)
        reading = asyncio.create_task(store.read_all())
        await eventually("the reader waits", lambda: observer.fetchval(READER_WAITS))
        assert not reading.done()

        await (slow.transaction.commit() if outcome == "commit" else slow.transaction.rollback())

        page = await asyncio.wait_for(reading, 20)
        expected = ["counter-slow", "counter-fast"] if outcome == "commit" else ["counter-fast"]
        assert [event.stream for event in page.events] == expected
        assert page.position == fast.last_position


@pytest.mark.parametrize("function", ["append_lone", "append", "append_each"])
async def test_given_an_append_that_waits_for_the_table_then_it_has_drawn_no_position(
    store: EventStore, database_url: str, function: str
) -> None:
    """settled() sees an append by its lock on the table: a position drawn before the lock would be passed by readers."""
    batches = {"append_lone": [events(1)], "append": [events(2)], "append_each": [events(1) for _ in range(4)]}[
        function
    ]
    await store.append("counter-0", events(1), expected=ANY)
    async with connected(database_url) as blocker, connected(database_url) as observer:
        await blocker.execute("begin; lock table eventstore.events in share mode")
        waiting = [
            asyncio.create_task(store.append(f"counter-{number}", batch, expected=ANY))
            for number, batch in enumerate(batches)
        ]
        await eventually(f"{function} waits", lambda: observer.fetchval(WRITER_WAITS, f"%eventstore.{function}(%"))
        assert await observer.fetchval("select last_value from eventstore.event_position") == 1
        await blocker.execute("commit")
        await asyncio.gather(*waiting)


async def test_given_a_writing_transaction_elsewhere_when_reading_then_it_holds_nothing_up(
    store: EventStore, database_url: str
) -> None:
    await store.append("counter-1", events(1), expected=ANY)
    async with connected(database_url) as elsewhere, elsewhere.transaction():
        await elsewhere.execute("insert into eventstore.subscriptions (name) values ('elsewhere')")
        await elsewhere.fetch("select * from eventstore.events for share")
        page = await asyncio.wait_for(store.read_all(), 20)
        assert len(page.events) == 1


async def test_given_an_append_of_ones_own_in_an_open_transaction_when_asking_for_the_head_then_it_does_not_wait(
    database_url: str,
) -> None:
    async with connected(database_url) as connection, connection.transaction():
        row = await as_appended(connection, "counter-1", events(1))
        assert await connection.fetchval("select eventstore.settled()", timeout=5) == row["last_position"]


async def test_given_an_empty_log_when_reading_then_the_head_is_zero(store: EventStore) -> None:
    assert await store.head() == 0
    assert (await store.read_all()).position == 0


# Each sets the sequence to the value that it has drawn: then every draw logs ahead, otherwise one of 32.
DRAW = """
select count(setval(sequence, nextval(sequence)))
  from generate_series(1, 500000), cast('eventstore.event_position' as regclass) sequence"""
# pg_sequence_last_value reads under the sequence's lock: its value is drawn.
BEYOND_WHAT_IS_DRAWN = """
select count(*) from (
    select eventstore.settled() as head, pg_sequence_last_value('eventstore.event_position') as drawn
      from generate_series(1, 20000) offset 0) asked
 where head > coalesce(drawn, 0)"""


async def test_given_positions_drawn_all_the_time_when_asking_for_the_head_then_it_is_never_beyond_them(
    database_url: str,
) -> None:
    """While a sequence logs ahead, a concurrent select briefly sees positions that are not drawn yet."""
    async with connected(database_url) as drawing, connected(database_url) as reading:
        drawn = asyncio.create_task(drawing.fetchval(DRAW))
        while not drawn.done():
            assert await reading.fetchval(BEYOND_WHAT_IS_DRAWN) == 0
