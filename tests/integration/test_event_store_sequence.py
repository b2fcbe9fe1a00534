"""A sequence behind the log: no append gets a position that readers have passed, and the documented command repairs it."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from temporalio.client import Client

from eventstore.checkpoints import advance, open_checkpoint
from eventstore.errors import SequenceBehindLog
from eventstore.model import ANY
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.api_harness import api, problem
from tests.integration.event_store_harness import connected, events
from tests.running_system import order_data

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
AT_ONCE = 20


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


async def set_sequence(database_url: str, position: int) -> None:
    async with connected(database_url) as owner:
        await owner.execute("select setval('eventstore.event_position', $1::bigint)", position)


async def repair(database_url: str) -> None:
    """The documented command."""
    section = OPERATIONS.read_text().partition("### A sequence behind the log")[2]
    statement = re.search(r"```sql\n(.*?)```", section, re.DOTALL)
    assert statement is not None
    async with connected(database_url) as owner:
        await owner.execute(statement[1])


async def a_log_that_a_reader_has_passed(store: EventStore, database_url: str) -> None:
    """Log that ends at 1,001, with a gap from 5, which a reader has passed."""
    await store.append("counter-1", events(5), expected=ANY)
    await set_sequence(database_url, 1_000)
    await store.append("counter-1", events(1), expected=ANY)
    await open_checkpoint(store.pool, "reader")
    await advance(store.pool, "reader", 0, await store.head())


@pytest.mark.parametrize("behind", [2, 500], ids=["at a taken position", "at a free position"])
async def test_an_append_behind_a_reader_is_refused_until_the_sequence_is_set(
    store: EventStore, database_url: str, behind: int
) -> None:
    await a_log_that_a_reader_has_passed(store, database_url)
    await set_sequence(database_url, behind)
    with pytest.raises(SequenceBehindLog, match="event_position is behind the log"):
        await store.append("counter-1", events(1), expected=ANY)
    together = await asyncio.gather(
        *(store.append(f"counter-{number}", events(1 + number % 2), expected=ANY) for number in range(AT_ONCE)),
        return_exceptions=True,
    )
    assert {type(each) for each in together} == {SequenceBehindLog}
    assert len((await store.read_all()).events) == 6
    await repair(database_url)
    assert (await store.append("counter-1", events(1), expected=ANY)).first_position == 1_002


async def test_a_sequence_ahead_of_all_readers_is_never_refused(store: EventStore, database_url: str) -> None:
    await a_log_that_a_reader_has_passed(store, database_url)

    async def read_on() -> None:
        while True:
            position = await open_checkpoint(store.pool, "reader")
            await advance(store.pool, "reader", position, await store.head())

    reading = asyncio.create_task(read_on())
    for _ in range(20):
        await asyncio.gather(*(store.append(f"counter-{number}", events(1), expected=ANY) for number in range(AT_ONCE)))
    reading.cancel()
    assert len((await store.read_all()).events) == 6 + 20 * AT_ONCE


async def test_the_api_answers_503_with_the_reason(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await a_log_that_a_reader_has_passed(served.app.store, database_url)
        await set_sequence(database_url, 500)
        refused = problem(await served.post("/v1/orders", order_data("a")), 503, "sequence-behind-log")
        assert "A sequence behind the log" in refused["detail"]
        await repair(database_url)
        await served.place("a")
