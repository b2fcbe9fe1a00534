"""Wake-ups are hints: in this process, from another one, and delivery without any."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from eventstore.consumer import ConsumerRunner
from eventstore.model import ANY
from eventstore.store import EventStore
from eventstore.wakeup import CHANNEL, Wakeup
from tests.integration.event_store_harness import Collector, connected, create_collected, events, eventually

NEVER = 600.0  # no poll happens within a test: each delivery follows a wake-up
_LISTENERS = """
select pid from pg_stat_activity where datname = current_database() and query ilike 'listen%' and pid <> pg_backend_pid()"""


@pytest.fixture
async def store(pool: asyncpg.Pool, database_url: str) -> EventStore:
    await create_collected(database_url)
    return EventStore(pool, Wakeup(pool))


@pytest.fixture
async def elsewhere(pool: asyncpg.Pool, database_url: str) -> AsyncIterator[EventStore]:
    """The store of another process: its own pool, its own wake-ups."""
    async with asyncpg.create_pool(database_url, min_size=1, server_settings={"role": "orders_app"}) as other:
        yield EventStore(other, Wakeup(other))


@asynccontextmanager
async def running(task: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def collecting(
    store: EventStore, database_url: str, poll: float, gather: float = 0.0
) -> AsyncIterator[Collector]:
    """Running collector that has reached the end of the log, so that only a wake-up or a poll continues it."""
    collector = Collector(store)
    runner = ConsumerRunner(collector, dsn=database_url, wakeup=store.wakeup, poll=poll, gather=gather)
    async with running(asyncio.create_task(runner.run())):
        await eventually("the collector has looked", lambda: collector.attempts > 0)
        yield collector


@asynccontextmanager
async def listening(store: EventStore, database_url: str) -> AsyncIterator[None]:
    with store.wakeup.subscribe() as awake:
        async with running(asyncio.create_task(store.wakeup.listen(database_url))):
            await asyncio.wait_for(awake.wait(), 20)
            yield


async def test_given_a_reader_of_this_process_when_appending_then_it_is_woken_at_once(
    store: EventStore, database_url: str
) -> None:
    async with collecting(store, database_url, NEVER) as collector:
        await store.append("counter-1", events(2), expected=ANY)
        await collector.until(2, within=2)


async def test_given_a_reader_that_gathers_when_appending_then_one_step_takes_the_first_event_at_once_and_another_the_rest(
    store: EventStore, database_url: str
) -> None:
    async with collecting(store, database_url, NEVER, gather=3.0) as collector:
        began, before = time.monotonic(), collector.attempts
        await store.append("counter-1", events(1), expected=ANY)
        await collector.until(1, within=10)
        for _ in range(5):
            await store.append("counter-1", events(1), expected=ANY)
        await collector.until(6, within=20)
        assert collector.attempts - before == 2, f"steps: {collector.attempts - before}"
        assert time.monotonic() - began >= 3.0, "the second step came before the events had gathered"


async def test_given_a_reader_that_gathers_when_it_has_polled_without_an_event_then_the_next_event_does_not_wait(
    store: EventStore, database_url: str
) -> None:
    async with collecting(store, database_url, 0.01, gather=NEVER) as collector:
        polled = collector.attempts + 3
        await eventually("the collector has polled", lambda: collector.attempts >= polled)
        await store.append("counter-1", events(1), expected=ANY)
        await collector.until(1, within=10)


async def test_given_a_reader_of_another_process_when_appending_then_a_notification_wakes_it(
    store: EventStore, elsewhere: EventStore, database_url: str
) -> None:
    async with listening(store, database_url), collecting(store, database_url, NEVER) as collector:
        await elsewhere.append("counter-1", events(2), expected=ANY)
        await collector.until(2, within=2)


async def test_given_no_wakeups_at_all_when_appending_then_the_poll_alone_delivers(
    store: EventStore, elsewhere: EventStore, database_url: str
) -> None:
    async with collecting(store, database_url, 0.05) as collector:
        for number in range(1, 4):
            await elsewhere.append("counter-1", events(2), expected=ANY)
            await collector.until(2 * number, within=2)


async def test_given_the_listener_is_killed_when_appending_then_it_comes_back_and_delivers_what_was_missed(
    store: EventStore, elsewhere: EventStore, database_url: str
) -> None:
    async with (
        listening(store, database_url),
        collecting(store, database_url, NEVER) as collector,
        connected(database_url) as owner,
    ):
        (killed,) = [row["pid"] for row in await owner.fetch(_LISTENERS)]
        assert await owner.fetchval("select pg_terminate_backend($1, 5000)", killed)
        await elsewhere.append("counter-1", events(1), expected=ANY)
        await collector.until(1, within=5)

        await elsewhere.append("counter-1", events(1), expected=ANY)
        await collector.until(2, within=2)
        assert killed not in [row["pid"] for row in await owner.fetch(_LISTENERS)]


async def test_given_no_database_to_listen_to_when_listening_then_it_goes_on_trying(store: EventStore) -> None:
    task = asyncio.create_task(store.wakeup.listen("postgresql://nobody@/nowhere?host=/nowhere"))
    async with running(task):
        done, _ = await asyncio.wait([task], timeout=1.5)
        assert not done


async def test_given_many_appends_in_a_row_when_announced_then_few_notifications_are_sent_and_the_last_is_covered(
    store: EventStore, database_url: str
) -> None:
    appends = 200
    heads: list[int] = []
    async with connected(database_url) as listener, connected(database_url) as observer:
        notified = asyncio.Queue[None]()
        await listener.add_listener(CHANNEL, lambda *_: notified.put_nowait(None))
        loop = asyncio.get_running_loop()
        start = loop.time()
        for _ in range(appends):
            await store.append("counter-1", events(1), expected=ANY)
        elapsed = loop.time() - start
        await store.wakeup.flush()

        sent = 0
        while not heads or heads[-1] < appends:
            await asyncio.wait_for(notified.get(), 20)
            sent += 1
            heads.append(await observer.fetchval("select max(position) from eventstore.events"))

    assert sent + notified.qsize() <= elapsed / 0.010 + 2


async def test_given_a_duplicate_when_appending_then_nobody_is_woken(store: EventStore) -> None:
    batch = events(1)
    await store.append("counter-1", batch, expected=ANY)
    with store.wakeup.subscribe() as awake:
        await store.append("counter-1", batch, expected=ANY)
        assert not awake.is_set()
        await store.append("counter-1", events(1), expected=ANY)
        assert awake.is_set()
