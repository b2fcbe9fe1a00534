"""Reading: streams in both directions, the whole log by pages, filters."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from eventstore.errors import InvalidEvent
from eventstore.model import ANY, NO_STREAM, RecordedEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import an_event, events

STREAM = "counter-1"


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


def versions(read: Sequence[RecordedEvent]) -> list[int]:
    return [event.version for event in read]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"from_version": 3}, [3, 4, 5]),
        ({"limit": 2}, [1, 2]),
        ({"from_version": 2, "limit": 2}, [2, 3]),
        ({"from_version": 6}, []),
        ({"backwards": True}, [5, 4, 3, 2, 1]),
        ({"backwards": True, "limit": 2}, [5, 4]),
        ({"backwards": True, "from_version": 3}, [3, 2, 1]),
        ({"backwards": True, "from_version": 3, "limit": 1}, [3]),
        ({"backwards": True, "from_version": 99, "limit": 1}, [5]),
    ],
    ids=str,
)
async def test_given_a_stream_of_five_when_reading_then_the_asked_versions_come_in_order(
    store: EventStore, arguments: dict[str, Any], expected: list[int]
) -> None:
    await store.append("counter-0", events(2), expected=NO_STREAM)
    await store.append(STREAM, events(5), expected=NO_STREAM)
    assert versions(await store.read_stream(STREAM, **arguments)) == expected


async def test_given_no_such_stream_when_reading_then_nothing_comes(store: EventStore) -> None:
    assert await store.read_stream("counter-none") == []
    assert [event async for event in store.stream("counter-none")] == []


@pytest.mark.parametrize("name", ["", "a\x00b", "\ud800", "n" * 513], ids=repr)
async def test_given_a_name_no_stream_can_have_when_reading_then_it_is_refused(store: EventStore, name: str) -> None:
    with pytest.raises(InvalidEvent, match="stream"):
        await store.read_stream(name)


async def test_given_a_page_of_nothing_when_reading_then_it_is_refused(store: EventStore) -> None:
    with pytest.raises(ValueError, match="limit"):
        await store.read_stream(STREAM, limit=0)
    with pytest.raises(ValueError, match="limit"):
        await store.read_all(limit=0)


@pytest.mark.parametrize("size", [499, 500, 501, 1000, 1234])
async def test_given_a_stream_of_several_pages_when_reading_it_whole_then_each_event_comes_once(
    store: EventStore, size: int
) -> None:
    await store.append(STREAM, events(size), expected=NO_STREAM)
    assert versions([event async for event in store.stream(STREAM)]) == list(range(1, size + 1))


async def test_given_a_log_of_several_pages_when_reading_all_then_each_event_comes_once_in_order(
    store: EventStore,
) -> None:
    for number in range(40):
        await store.append(f"counter-{number % 7}", events(25), expected=ANY)

    seen: list[int] = []
    pages, position = 0, 0
    while (page := await store.read_all(after=position, limit=300)).events:
        assert page.position == page.events[-1].position
        seen += [event.position for event in page.events]
        pages, position = pages + 1, page.position

    assert (pages, len(seen)) == (4, 1000)
    assert seen == sorted(set(seen))
    assert position == await store.head()


@pytest.fixture
async def mixed(store: EventStore) -> EventStore:
    """Positions 1 to 9: of every three, one added and one reset to counters, then one added to a gauge."""
    for number in range(3):
        await store.append(f"counter-{number}", [an_event("added"), an_event("reset")], expected=ANY)
        await store.append(f"gauge-{number}", [an_event("added")], expected=ANY)
    return store


@pytest.mark.parametrize(
    ("arguments", "positions", "position"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9], 9),
        ({"types": ["reset"]}, [2, 5, 8], 9),
        ({"types": ["reset", "added"]}, [1, 2, 3, 4, 5, 6, 7, 8, 9], 9),
        ({"category": "gauge"}, [3, 6, 9], 9),
        ({"category": "counter", "types": ["added"]}, [1, 4, 7], 9),
        ({"types": ["reset"], "limit": 2}, [2, 5], 5),
        ({"types": ["reset"], "limit": 3}, [2, 5, 8], 8),
        ({"types": ["reset"], "after": 8}, [], 9),
        ({"types": ["unheard-of"]}, [], 9),
        ({"types": []}, [], 9),
        ({"category": "count"}, [], 9),
        ({"after": 4, "limit": 2}, [5, 6], 6),
        ({"after": 9}, [], 9),
        ({"after": 100}, [], 100),
    ],
    ids=str,
)
async def test_given_a_mixed_log_when_reading_all_then_the_page_says_how_far_the_log_was_looked_through(
    mixed: EventStore, arguments: dict[str, Any], positions: list[int], position: int
) -> None:
    page = await mixed.read_all(**arguments)
    assert ([event.position for event in page.events], page.position) == (positions, position)


async def test_given_a_sparse_filter_when_reading_on_from_the_pages_position_then_nothing_is_read_twice(
    mixed: EventStore,
) -> None:
    first = await mixed.read_all(types=["reset"], limit=10)
    await mixed.append("counter-0", [an_event("reset")], expected=ANY)
    second = await mixed.read_all(after=first.position, types=["reset"], limit=10)
    assert [event.position for event in second.events] == [10]
