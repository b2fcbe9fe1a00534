"""A reader's commit does not wait for the disk: after a crash of the server its checkpoint and its rows agree, and no event is
lost or repeated in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from embedded.postgres import Postgres, run_postgres
from eventstore.checkpoints import advance, open_checkpoint
from eventstore.lane_reader import LANES
from eventstore.migrate import migrate
from eventstore.model import ANY
from eventstore.pool import open_pool
from eventstore.statements import NEXT_PAGE, OPEN_LANES
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.embedded_harness import kill, until, working_in
from tests.integration.event_store_harness import Collector, collected, create_collected, events

EVENTS = 200
_COMMIT = "select current_setting('synchronous_commit')"


@asynccontextmanager
async def crashing(folder: Path) -> AsyncIterator[Postgres]:
    """A server with fsync, killed at the end of the block."""
    async with run_postgres(folder, durable=True) as server:
        yield server
        kill(working_in(folder))
        await until(lambda: not working_in(folder))


async def test_after_a_crash_rows_and_checkpoint_agree_and_every_event_is_seen_once(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    async with crashing(folder) as server:
        await migrate(server.dsn)
        await create_collected(server.dsn)
        async with open_pool(server.dsn, size=2) as pool:
            collector = Collector(EventStore(pool, Wakeup(pool)), limit=5)
            for _ in range(EVENTS):
                await collector.store.append("counter-1", events(1), expected=ANY)
            while await collector.step():
                pass
    async with run_postgres(folder, durable=True) as server, open_pool(server.dsn, size=2) as pool:
        store = EventStore(pool, Wakeup(pool))
        assert await store.head() == EVENTS
        kept = await open_checkpoint(pool, "collector")
        assert await collected(pool) == list(range(1, kept + 1))
        again = Collector(store, limit=5)
        while await again.step():
            pass
        assert await collected(pool) == list(range(1, EVENTS + 1))


async def test_only_the_transaction_of_a_checkpoint_does_not_wait_for_the_disk(pool: asyncpg.Pool) -> None:
    await open_checkpoint(pool, "reader")
    async with pool.acquire() as connection:
        await connection.execute("set synchronous_commit = on")
        async with connection.transaction():
            await advance(connection, "reader", 0, 0)
            assert await connection.fetchval(_COMMIT) == "off"
        assert await connection.fetchval(_COMMIT) == "on"


async def test_the_read_that_moves_lanes_does_not_wait_for_the_disk(pool: asyncpg.Pool) -> None:
    lanes: list[int] = await pool.fetchval(OPEN_LANES, "reader", LANES)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local synchronous_commit = on")
        await connection.fetch(NEXT_PAGE, "reader", lanes, lanes, None, None, None, 1, 1_000)
        assert await connection.fetchval(_COMMIT) == "off"
