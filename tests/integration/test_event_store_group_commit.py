"""Grouped appends: few commits, each append with its own answer, and none delayed by another."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from eventstore.errors import EventIdReused, WrongExpectedVersion
from eventstore.model import ANY, NO_STREAM, STREAM_EXISTS, AppendResult
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import DEADLINE, an_event, connected, events, in_flight

AT_ONCE = 64
_COMMITS = "select count(distinct xmin::text) from eventstore.events"


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[EventStore]:
    """The store of another process."""
    async with open_pool(database_url) as pool:
        yield EventStore(pool, Wakeup(pool))


async def append_many(store: EventStore, prefix: str = "many") -> list[AppendResult]:
    """Append one event to each of this number of new streams concurrently."""
    new = {f"{prefix}-{number}": [an_event(number=number)] for number in range(AT_ONCE)}
    async with asyncio.timeout(DEADLINE):
        return await asyncio.gather(*(store.append(stream, batch, expected=NO_STREAM) for stream, batch in new.items()))


async def test_given_many_appends_at_once_then_they_land_in_few_commits_and_each_is_told_where(
    store: EventStore, database_url: str
) -> None:
    results = await append_many(store)
    async with connected(database_url) as owner:
        assert await owner.fetchval(_COMMITS) <= AT_ONCE / 8
    for number, result in enumerate(results):
        [landed] = await store.read_stream(f"many-{number}")
        assert landed.data == {"number": number}
        assert result == AppendResult(1, landed.position, landed.position, duplicate=False)


async def test_given_appends_of_every_kind_at_once_then_each_has_the_answer_that_it_would_have_alone(
    store: EventStore,
) -> None:
    for stream in ("exact-1", "any-1", "exists-1", "behind-1", "present-1", "twin-1", "other-1"):
        await store.append(stream, events(2), expected=NO_STREAM)
    known = an_event()
    first = await store.append("twin-1", [known], expected=2)

    filling = asyncio.create_task(append_many(store))
    answers = await asyncio.gather(
        store.append("exact-1", [an_event()], expected=2),
        store.append("any-1", [an_event()], expected=ANY),
        store.append("exists-1", [an_event()], expected=STREAM_EXISTS),
        store.append("new-1", [an_event()], expected=ANY),
        store.append("twin-1", [known], expected=2),
        store.append("behind-1", [an_event()], expected=1),
        store.append("present-1", [an_event()], expected=NO_STREAM),
        store.append("absent-1", [an_event()], expected=STREAM_EXISTS),
        store.append("other-1", [known], expected=2),
        return_exceptions=True,
    )

    assert [(each.version, each.duplicate) for each in answers[:4] if isinstance(each, AppendResult)] == [
        (3, False), (3, False), (3, False), (1, False),
    ]  # fmt: skip
    assert answers[4] == AppendResult(first.version, first.first_position, first.last_position, duplicate=True)
    conflicts = [(each.stream, each.actual) for each in answers[5:8] if isinstance(each, WrongExpectedVersion)]
    assert conflicts == [("behind-1", 2), ("present-1", 2), ("absent-1", 0)]
    assert isinstance(answers[8], EventIdReused)
    assert {each.version for each in await filling} == {1}
    assert await store.read_stream("absent-1") == []


@pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS, 1], ids=str)
async def test_given_a_stream_that_another_writer_holds_then_only_its_own_append_waits(
    store: EventStore, database_url: str, expected: int
) -> None:
    await store.append("held-1", events(1), expected=NO_STREAM)
    async with in_flight(database_url, "held-1", events(1)) as other:
        held = [asyncio.create_task(store.append("held-1", [an_event()], expected=expected)) for _ in range(3)]
        for round_ in range(5):
            await append_many(store, f"round{round_}")
        assert not any(each.done() for each in held)
        await other.transaction.rollback()
        answers = await asyncio.gather(*held, return_exceptions=True)
    landed = [each for each in answers if isinstance(each, AppendResult)]
    assert len(landed) == (1 if expected == 1 else 3)


async def test_given_a_twin_that_is_under_way_elsewhere_then_only_its_own_append_waits(
    store: EventStore, database_url: str
) -> None:
    batch = events(1)
    async with in_flight(database_url, "new-1", batch) as other:
        duplicates = [asyncio.create_task(store.append("new-1", batch, expected=NO_STREAM)) for _ in range(3)]
        for round_ in range(3):
            await append_many(store, f"round{round_}")
        assert not any(each.done() for each in duplicates)
        await other.transaction.commit()
        assert {each.duplicate for each in await asyncio.gather(*duplicates)} == {True}


async def test_given_two_processes_at_the_same_streams_then_all_lands_without_a_gap(
    store: EventStore, elsewhere: EventStore
) -> None:
    streams, each_of_us = [f"shared-{number}" for number in range(8)], 20

    async def append(by: EventStore, stream: str) -> AppendResult:
        return await by.append(stream, [an_event()], expected=ANY)

    answers = await asyncio.gather(
        *(append(by, stream) for _ in range(each_of_us) for stream in streams for by in (store, elsewhere))
    )

    assert not any(each.duplicate for each in answers)
    for stream in streams:
        landed = await store.read_stream(stream)
        assert [each.version for each in landed] == list(range(1, 2 * each_of_us + 1))
        assert [each.position for each in landed] == sorted(each.position for each in landed)


async def test_given_two_processes_on_the_same_versions_then_one_wins_each(
    store: EventStore, elsewhere: EventStore
) -> None:
    await append_many(store)
    for version in range(1, 4):
        answers = await asyncio.gather(
            *(
                by.append(f"many-{number}", [an_event()], expected=version)
                for number in range(AT_ONCE)
                for by in (store, elsewhere)
            ),
            return_exceptions=True,
        )
        for ours, theirs in zip(answers[::2], answers[1::2], strict=True):
            kinds = {type(ours), type(theirs)}
            assert kinds == {AppendResult, WrongExpectedVersion}, (ours, theirs)


async def test_given_a_caller_that_has_gone_before_its_group_then_nothing_is_appended(store: EventStore) -> None:
    tasks = [asyncio.create_task(store.append(f"gone-{n}", [an_event()], expected=NO_STREAM)) for n in range(3)]
    await asyncio.sleep(0)  # every append is queued, and no group was sent
    tasks[1].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert [bool(await store.read_stream(f"gone-{n}")) for n in range(3)] == [True, False, True]


async def test_given_no_database_then_everyone_hears_of_it(database_url: str) -> None:
    async with open_pool(database_url) as pool:
        store = EventStore(pool, Wakeup(pool))
        await append_many(store)
        await store.wakeup.flush()
    answers = await asyncio.gather(
        *(store.append(f"late-{number}", [an_event()], expected=NO_STREAM) for number in range(AT_ONCE)),
        return_exceptions=True,
    )
    assert {type(each) for each in answers} == {asyncpg.InterfaceError}
