"""Concurrent appends: duplicates have one effect, conflicts one winner, and no append leaves a gap."""

import asyncio

import asyncpg
import pytest

from eventstore.errors import EventIdReused, WrongExpectedVersion
from eventstore.model import ANY, NO_STREAM, STREAM_EXISTS, AppendResult
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import an_event, connected, events, eventually, in_flight

STREAM = "counter-1"
TASKS = 32
_LOCK_AWAITED = """
select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"""


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


@pytest.mark.parametrize(
    ("expected", "version"), [(NO_STREAM, 0), (ANY, 0), (ANY, 2), (STREAM_EXISTS, 2), (2, 2)], ids=str
)
async def test_given_32_twins_of_an_append_when_they_run_at_once_then_one_takes_effect_and_all_answer_alike(
    store: EventStore, expected: int, version: int
) -> None:
    for stream in ("counter-1", "counter-2", "counter-3", "counter-4", "counter-5"):
        if version:
            await store.append(stream, events(version), expected=NO_STREAM)
        batch = events(3)

        results = await asyncio.gather(*(store.append(stream, batch, expected=expected) for _ in range(TASKS)))

        assert sum(not result.duplicate for result in results) == 1
        assert {result.version for result in results} == {version + 3}
        landed = await store.read_stream(stream, from_version=version + 1)
        assert [event.id for event in landed] == [event.id for event in batch]
        bounds = (landed[0].position, landed[-1].position)
        assert {(result.first_position, result.last_position) for result in results} == {bounds}


@pytest.mark.parametrize("expected", [NO_STREAM, ANY, STREAM_EXISTS, 1], ids=str)
async def test_given_a_twin_still_in_flight_when_appending_then_it_waits_and_answers_with_the_twins_result(
    store: EventStore, database_url: str, expected: int
) -> None:
    if expected in (STREAM_EXISTS, 1):
        await store.append(STREAM, events(1), expected=NO_STREAM)
    batch = events(2)
    async with in_flight(database_url, STREAM, batch) as repeated, connected(database_url) as observer:
        second = asyncio.create_task(store.append(STREAM, batch, expected=expected))
        await eventually("the second waits for the first", lambda: observer.fetchval(_LOCK_AWAITED))

        await repeated.transaction.commit()

        assert await second == repeated.result._replace(duplicate=True)


async def test_given_a_twin_that_rolls_back_when_appending_then_the_second_takes_effect(
    store: EventStore, database_url: str
) -> None:
    batch = events(2)
    async with in_flight(database_url, STREAM, batch) as repeated, connected(database_url) as observer:
        second = asyncio.create_task(store.append(STREAM, batch, expected=NO_STREAM))
        await eventually("the second waits for the first", lambda: observer.fetchval(_LOCK_AWAITED))

        await repeated.transaction.rollback()

        result = await second
        assert (result.version, result.duplicate) == (2, False)


@pytest.mark.parametrize(("expected", "version"), [(NO_STREAM, 0), (2, 2)], ids=["no-stream", "exact"])
async def test_given_32_rivals_on_one_version_when_they_run_at_once_then_exactly_one_wins(
    store: EventStore, expected: int, version: int
) -> None:
    if version:
        await store.append(STREAM, events(version), expected=NO_STREAM)

    results = await asyncio.gather(
        *(store.append(STREAM, events(2), expected=expected) for _ in range(TASKS)), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, WrongExpectedVersion)]
    assert (len(results) - len(refused), len(refused)) == (1, TASKS - 1)
    assert {refusal.actual for refusal in refused} == {version + 2}
    assert len(await store.read_stream(STREAM)) == version + 2


async def test_given_32_appends_that_expect_nothing_when_they_run_at_once_then_all_land_without_a_gap(
    store: EventStore,
) -> None:
    batches = [events(1 + number % 3) for number in range(TASKS)]

    results = await asyncio.gather(*(store.append(STREAM, batch, expected=ANY) for batch in batches))

    landed = await store.read_stream(STREAM)
    assert [event.version for event in landed] == list(range(1, sum(map(len, batches)) + 1))
    assert [event.position for event in landed] == sorted(event.position for event in landed)
    for batch, result in zip(batches, results, strict=True):
        own = landed[result.version - len(batch) : result.version]
        assert [event.id for event in own] == [event.id for event in batch]


async def test_given_batches_that_share_an_id_when_they_run_at_once_then_one_lands_and_the_others_are_refused(
    store: EventStore,
) -> None:
    shared = an_event()
    batches = [[an_event(), shared] for _ in range(TASKS)]

    results = await asyncio.gather(
        *(store.append(f"counter-{number % 4}", batch, expected=ANY) for number, batch in enumerate(batches)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, AppendResult) for result in results) == 1
    assert sum(isinstance(result, EventIdReused) for result in results) == TASKS - 1
    assert len((await store.read_all()).events) == 2
