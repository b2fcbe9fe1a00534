"""The head of the log while writers hang: read concurrently on one connection, and never above a prepared transaction."""

import asyncio

import asyncpg
import pytest

import embedded.postgres
from embedded.postgres import run_postgres
from eventstore.migrate import migrate
from eventstore.model import ANY
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import as_appended, connected, events, eventually, in_flight

ASKING = 30
WAITING = """
select count(*) from pg_stat_activity
 where datname = current_database() and state = 'active' and query = 'select eventstore.settled()'"""
IN_ITS_LOOP = f"{WAITING} and wait_event = 'PgSleep'"  # an active one may not have looked at the log yet


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


async def test_many_who_ask_for_the_head_while_a_writer_hangs_take_one_connection(
    store: EventStore, database_url: str
) -> None:
    async with in_flight(database_url, "counter-slow", events(1)) as slow, connected(database_url) as observer:
        asking = [asyncio.create_task(store.head()) for _ in range(ASKING)]
        await eventually("a head waits", lambda: _is(observer, 1))
        assert (await asyncio.wait_for(store.append("counter-fast", events(1), expected=ANY), 20)).version == 1
        asking += [asyncio.create_task(store.head()) for _ in range(ASKING)]
        assert await observer.fetchval(WAITING) == 1
        await slow.transaction.commit()
        assert {await each for each in asking[ASKING:]} == {2}


async def _is(observer: asyncpg.Connection, count: int) -> bool:
    return bool(await observer.fetchval(IN_ITS_LOOP) == count)


async def test_a_head_asked_for_behind_an_append_is_never_that_of_a_call_from_before_it(store: EventStore) -> None:
    async def append_and_ask(number: int) -> bool:
        result = await store.append(f"counter-{number}", events(1), expected=ANY)
        return await store.head() >= result.last_position

    for _ in range(10):
        assert all(await asyncio.gather(*map(append_and_ask, range(ASKING))))


async def test_a_cancelled_caller_leaves_the_call_to_the_others(store: EventStore, database_url: str) -> None:
    async with in_flight(database_url, "counter-slow", events(1)) as slow, connected(database_url) as observer:
        first, second = asyncio.create_task(store.head()), asyncio.create_task(store.head())
        await eventually("a head waits", lambda: _is(observer, 1))
        first.cancel()
        await slow.transaction.commit()
        assert await asyncio.wait_for(second, 20) == 0
    assert await store.head() == 1


async def test_readers_wait_for_a_prepared_transaction_that_has_drawn_a_position(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(embedded.postgres.SETTINGS, "max_prepared_transactions", "4")
    async with run_postgres(None, durable=False) as server:
        address = server.address("postgres")
        await migrate(address)
        async with open_pool(address) as pool, connected(address) as owner:
            store = EventStore(pool, Wakeup(pool))
            await owner.execute("begin")
            await as_appended(owner, "counter-prepared", events(1))
            await owner.execute("prepare transaction 'an append'")
            await store.append("counter-fast", events(1), expected=ANY)
            reading = asyncio.create_task(store.read_all())
            await eventually("a head waits, or was given", lambda: _waits_or_done(owner, reading))
            assert not reading.done()
            await owner.execute("commit prepared 'an append'")
            page = await asyncio.wait_for(reading, 30)
    assert [event.stream for event in page.events] == ["counter-prepared", "counter-fast"]


async def _waits_or_done(observer: asyncpg.Connection, reading: asyncio.Task[object]) -> bool:
    waiting = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
    return reading.done() or bool(await observer.fetchval(waiting))
