"""The whole log by pages that are read ahead: what `read_all` gives, and no connection in use after an early end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from eventstore.model import ANY, Page
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import DEADLINE, events, eventually, in_flight


@pytest.fixture
async def store(pool: asyncpg.Pool) -> EventStore:
    """A log of 60 events of three counters."""
    store = EventStore(pool, Wakeup(pool))
    for number in range(12):
        await store.append(f"counter-{number % 3}", events(5), expected=ANY)
    return store


async def collected(pages: AsyncGenerator[Page, None]) -> list[Page]:
    async with aclosing(pages):
        return [page async for page in pages]


async def by_read_all(store: EventStore, **arguments: Any) -> list[Page]:
    pages = [await store.read_all(**arguments)]
    while pages[-1].more:
        pages.append(await store.read_all(**arguments | {"after": pages[-1].position}))
    return pages


@pytest.mark.parametrize(
    "arguments",
    [
        {"limit": 7},
        {"limit": 60},
        {"limit": 7, "after": 20},
        {"limit": 7, "until": 33},
        {"limit": 7, "after": 60},
        {"limit": 7, "after": 20, "until": 10},
        {"limit": 7, "category": "gauge"},
        {"limit": 7, "types": ["counter.added"], "category": "counter", "known": []},
    ],
    ids=str,
)
async def test_given_a_log_when_reading_its_pages_then_they_are_those_of_read_all(
    store: EventStore, arguments: dict[str, Any]
) -> None:
    assert await collected(store.pages(**arguments)) == await by_read_all(store, **arguments)


async def test_given_an_empty_log_when_reading_its_pages_then_an_empty_one_comes(pool: asyncpg.Pool) -> None:
    assert await collected(EventStore(pool, Wakeup(pool)).pages()) == [Page([], 0)]


async def test_given_a_limit_below_one_when_asking_for_pages_then_it_is_refused(store: EventStore) -> None:
    with pytest.raises(ValueError, match="limit"):
        store.pages(limit=0)


async def test_given_an_append_in_flight_when_reading_pages_then_none_lies_beyond_it_before_it_ends(
    store: EventStore, database_url: str
) -> None:
    """Far from the end the head is asked for once; at the end again, as of a page by itself."""
    async with asyncio.timeout(DEADLINE), aclosing(store.pages(limit=10)) as pages:
        first = await anext(pages)
        async with in_flight(database_url, "counter-slow", events(1)) as slow:
            await store.append("counter-fast", events(1), expected=ANY)
            seen = [*first.events]
            while seen[-1].position < 40:  # settled before the append in flight, so that nothing waits
                seen += (await anext(pages)).events
            await slow.transaction.commit()
        async for page in pages:
            seen += page.events
    assert [event.position for event in seen] == [*range(1, 63)]
    assert [event.stream for event in seen][-2:] == ["counter-slow", "counter-fast"]


async def test_given_a_caller_that_stops_early_then_no_connection_stays_in_use(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    async with aclosing(store.pages(limit=5)) as pages:
        await anext(pages)
    await eventually("all connections are free", lambda: pool.get_idle_size() == pool.get_size())
    assert len((await store.read_all()).events) == 60


async def test_given_an_event_when_read_by_page_and_by_stream_then_it_is_the_same(store: EventStore) -> None:
    [page] = await collected(store.pages(limit=60))
    of_stream = {event.position: event for event in await store.read_stream("counter-1")}
    for event in page.events:
        if event.position in of_stream:
            assert event == of_stream[event.position]
            assert repr(event.recorded_at) == repr(of_stream[event.position].recorded_at)


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-02 00:00+00",
        "1969-12-31 23:59:59.999999+00",
        "2026-01-31 09:30:00.000001+00",
        "9999-12-30 23:59:59.999999+00",
    ],
)
async def test_given_any_time_that_python_holds_when_read_by_page_then_it_is_exact(
    store: EventStore, database_url: str, time: str
) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute("set session_replication_role = replica")
        await owner.execute("update eventstore.events set recorded_at = $1::text::timestamptz where position = 1", time)
    finally:
        await owner.close()
    [event] = (await store.read_all(limit=1)).events
    assert event.recorded_at == datetime.fromisoformat(time.replace("+00", "+00:00"))
    assert event.recorded_at == (await store.read_at(1)).recorded_at  # type: ignore[union-attr]
