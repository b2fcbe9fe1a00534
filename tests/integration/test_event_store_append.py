"""Appending: the four kinds of expectation, and the ids that make an append repeatable."""

from uuid import uuid4

import asyncpg
import pytest

from eventstore.errors import EventIdReused, InvalidEvent, WrongExpectedVersion
from eventstore.model import ANY, NO_STREAM, STREAM_EXISTS, AppendResult, NewEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import an_event, connected, events

STREAM = "counter-1"


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


async def given_a_stream_at(store: EventStore, version: int) -> None:
    if version:
        await store.append(STREAM, events(version), expected=NO_STREAM)


async def stored_ids(store: EventStore) -> list[object]:
    return [event.id for event in await store.read_stream(STREAM)]


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("expected", "version"),
    [(NO_STREAM, 0), (ANY, 0), (ANY, 3), (STREAM_EXISTS, 3), (3, 3), (1, 1)],
    ids=["no-stream", "any-absent", "any-present", "stream-exists", "exact", "exact-one"],
)
async def test_given_the_expected_stream_when_appending_then_the_batch_lands_whole_and_in_order(
    store: EventStore, expected: int, version: int, count: int
) -> None:
    await given_a_stream_at(store, version)
    batch = events(count)

    result = await store.append(STREAM, batch, expected=expected)

    assert result == AppendResult(version + count, version + 1, version + count, duplicate=False)
    landed = await store.read_stream(STREAM, from_version=version + 1)
    assert [event.id for event in landed] == [event.id for event in batch]
    assert [event.version for event in landed] == list(range(version + 1, version + count + 1))
    assert [event.position for event in landed] == list(range(result.first_position, result.last_position + 1))


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("expected", "actual"),
    [(NO_STREAM, 3), (STREAM_EXISTS, 0), (1, 0), (2, 3), (4, 3), (2**62, 3)],
    ids=["no-stream-present", "stream-exists-absent", "exact-absent", "exact-behind", "exact-ahead", "exact-far-ahead"],
)
async def test_given_another_version_when_appending_then_nothing_lands_and_the_error_carries_the_facts(
    store: EventStore, expected: int, actual: int, count: int
) -> None:
    await given_a_stream_at(store, actual)
    before = await stored_ids(store)

    with pytest.raises(WrongExpectedVersion) as refusal:
        await store.append(STREAM, events(count), expected=expected)

    assert (refusal.value.stream, refusal.value.expected, refusal.value.actual) == (STREAM, expected, actual)
    assert await stored_ids(store) == before
    assert len(await store.read_stream(STREAM)) == actual


@pytest.mark.parametrize("moved_on", [False, True], ids=["at-rest", "moved-on"])
@pytest.mark.parametrize("expected", [NO_STREAM, 2, ANY, STREAM_EXISTS], ids=["no-stream", "exact", "any", "exists"])
async def test_given_an_append_that_landed_when_it_is_repeated_then_the_first_result_comes_again(
    store: EventStore, expected: int, moved_on: bool
) -> None:
    await given_a_stream_at(store, 0 if expected == NO_STREAM else 2)
    batch = events(3)
    first = await store.append(STREAM, batch, expected=expected)
    if moved_on:
        await store.append(STREAM, events(2), expected=ANY)
    before = await stored_ids(store)

    again = await store.append(STREAM, batch, expected=expected)

    assert again == AppendResult(first.version, first.first_position, first.last_position, duplicate=True)
    assert await stored_ids(store) == before


@pytest.mark.parametrize("expected", [NO_STREAM, 2, 7, ANY, STREAM_EXISTS])
async def test_given_some_ids_in_the_stream_when_appending_then_it_is_refused_whatever_is_expected(
    store: EventStore, expected: int
) -> None:
    batch = events(2)
    await store.append(STREAM, batch, expected=NO_STREAM)
    mixed = [batch[1], an_event()]

    with pytest.raises(EventIdReused) as refusal:
        await store.append(STREAM, mixed, expected=expected)

    assert (refusal.value.stream, refusal.value.ids) == (STREAM, tuple(event.id for event in mixed))
    assert len(await stored_ids(store)) == 2


@pytest.mark.parametrize("expected", [NO_STREAM, 1, 7, ANY, STREAM_EXISTS])
async def test_given_an_id_in_another_stream_when_appending_then_it_is_refused_whatever_is_expected(
    store: EventStore, expected: int
) -> None:
    elsewhere = an_event()
    await store.append("counter-2", [elsewhere], expected=NO_STREAM)
    await given_a_stream_at(store, 0 if expected == NO_STREAM else 1)
    before = await stored_ids(store)

    with pytest.raises(EventIdReused) as refusal:
        await store.append(STREAM, [elsewhere], expected=expected)

    assert refusal.value.stream == STREAM
    assert await stored_ids(store) == before


async def test_given_one_id_twice_in_a_batch_when_appending_then_it_is_refused_before_the_database(
    store: EventStore,
) -> None:
    twice = an_event()
    with pytest.raises(InvalidEvent, match="id twice") as refusal:
        await store.append(STREAM, [twice, an_event(), twice], expected=ANY)
    assert refusal.value.path == "events"
    assert await store.read_stream(STREAM) == []


async def test_given_a_full_event_when_it_is_read_then_every_field_comes_back(store: EventStore) -> None:
    data = {"text": "Ærø – 東京 🚢", "n": -(2**63), "price": 1.5, "none": None, "list": [True, {"a": []}]}
    event = NewEvent(uuid4(), "counter.added", data, {"actor": "anna"}, schema_version=7)

    await store.append(STREAM, [event], expected=NO_STREAM)

    (read,) = await store.read_stream(STREAM)
    assert (read.id, read.type, read.data, read.metadata) == (event.id, event.type, event.data, event.metadata)
    assert (read.stream, read.version, read.schema_version) == (STREAM, 1, 7)
    assert read.recorded_at.utcoffset() is not None


async def test_given_thousands_of_events_when_appended_at_once_then_all_land(store: EventStore) -> None:
    result = await store.append(STREAM, events(10_000), expected=NO_STREAM)
    assert (result.version, result.last_position - result.first_position) == (10_000, 9_999)


async def test_given_programs_of_two_versions_when_they_append_to_one_stream_then_both_see_each_others_events(
    store: EventStore, database_url: str
) -> None:
    """During an upgrade older programs call append() for single events too."""
    first, second = an_event(), an_event()
    await store.append(STREAM, [first], expected=NO_STREAM)
    older = "select status, version, first_position from eventstore.append($1, $2, $3, $4, $5, $6, $7)"

    async def append_as_before(event: NewEvent, expected: int) -> tuple[object, ...]:
        async with connected(database_url) as owner:
            arguments = [event.id], [event.type], [event.schema_version], ["{}"], ["{}"]
            return tuple(await owner.fetchrow(older, STREAM, expected, *arguments) or ())

    assert await append_as_before(first, 0) == ("duplicate", 1, 1)
    assert await append_as_before(second, 0) == ("wrong_version", 1, None)
    assert await append_as_before(second, 1) == ("appended", 2, 2)
    assert await store.append(STREAM, [second], expected=1) == AppendResult(2, 2, 2, duplicate=True)
    assert (await store.append(STREAM, [an_event()], expected=2)).version == 3
