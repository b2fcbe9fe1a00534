"""The migrations that take the expressions from the tables of the log, beside programs of the version before."""

import asyncio
import uuid
from pathlib import Path
from typing import Final

import pytest

from eventstore.migrate import migrate
from eventstore.pool import open_pool
from tests.integration.event_store_harness import connected, eventually
from tests.integration.rights_harness import Deployment, database, only_migrations_before

WITHOUT_EXPRESSIONS: Final = "20261202020000"
# The statement of the version before, word by word.
APPEND_ONE: Final = "select * from eventstore.append_one($1, $2, $3, $4, $5, $6, $7)"
IS_AWAITED: Final = "select exists (select from pg_locks where relation = $1::text::regclass and not granted)"


@pytest.mark.parametrize(
    ("first", "second"),
    [("eventstore.events", "eventstore.streams"), ("eventstore.streams", "eventstore.events")],
    ids=["events first", "streams first"],
)
async def test_given_a_transaction_that_uses_both_tables_when_migrated_then_neither_is_in_a_deadlock(
    server: Deployment, tmp_path: Path, first: str, second: str
) -> None:
    async with database(server) as found:
        with only_migrations_before(WITHOUT_EXPRESSIONS, tmp_path):
            await migrate(found.owner)
        async with connected(found.owner) as other, connected(found.owner) as observer:
            async with other.transaction():
                await other.execute(f"select from {first}")
                migrating = asyncio.create_task(migrate(found.owner))
                await eventually("the migration waits for the table", lambda: observer.fetchval(IS_AWAITED, first))
                await other.execute(f"select from {second}")
            await migrating


async def test_given_a_program_of_the_version_before_when_migrated_then_its_prepared_appends_go_on(
    server: Deployment, tmp_path: Path
) -> None:
    async with database(server) as found:
        with only_migrations_before(WITHOUT_EXPRESSIONS, tmp_path):
            await migrate(found.owner)
        async with open_pool(found.login, size=1) as pool, pool.acquire() as before:

            async def append(stream: str) -> int:
                event = [uuid.uuid4(), "counted", 1, "{}", "{}"]
                return int(await before.fetchval(APPEND_ONE, stream, -1, *event))

            versions = [await append("counter-1")]
            await migrate(found.owner)
            versions += [await append("counter-1"), await append("gauge-1")]
            categories = await before.fetch("select category from eventstore.streams order by stream_id")
    assert versions == [1, 2, 1]
    assert [row["category"] for row in categories] == ["counter", "gauge"]
