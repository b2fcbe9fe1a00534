"""The log is append-only in the database itself: tested as the application's role, and as the owner."""

import asyncpg
import pytest

from eventstore.model import NO_STREAM
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import connected, events

_INSERT = """
insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata)
values (99, 1, 3, gen_random_uuid(), 'forged', 1, '{}', '{}')"""

_GRANTED_TO_EVERYBODY = """
select p.proname from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 where p.pronamespace = 'eventstore'::regnamespace and a.grantee = 0"""

CHANGES = {
    "update": "update eventstore.events set type = 'forged'",
    "update-of-nothing": "update eventstore.events set type = 'forged' where false",
    "delete": "delete from eventstore.events",
    "truncate": "truncate eventstore.events",
    "truncate-streams": "truncate eventstore.streams",
    "delete-stream": "delete from eventstore.streams",
    "rename-stream": "update eventstore.streams set name = 'forged-1'",
    "recategorise-stream": "update eventstore.streams set category = 'forged'",
    "renumber-stream": "update eventstore.streams set stream_id = default",
}
FORBIDDEN_TO_THE_APPLICATION = CHANGES | {
    "insert": _INSERT,
    "nextval": "select nextval('eventstore.event_position')",
    "setval": "select setval('eventstore.event_position', 1000)",
    "alter-sequence": "alter sequence eventstore.event_position cache 100",
    "alter-table": "alter table eventstore.events disable trigger append_only",
    "drop-trigger": "drop trigger append_only on eventstore.events",
    "lock": "lock table eventstore.events in row exclusive mode",
    "insert-stream": "insert into eventstore.streams (name, version) values ('forged-1', 1)",
    "update-stream": "update eventstore.streams set version = 7",
    "replace-function": "create or replace function eventstore.settled() returns bigint language sql as 'select 1::bigint'",
    "create-table": "create table eventstore.forged (x int)",
}


@pytest.fixture
async def log(pool: asyncpg.Pool) -> EventStore:
    store = EventStore(pool, Wakeup(pool))
    await store.append("counter-1", events(2), expected=NO_STREAM)
    return store


@pytest.mark.parametrize("statement", FORBIDDEN_TO_THE_APPLICATION.values(), ids=FORBIDDEN_TO_THE_APPLICATION)
async def test_given_the_applications_role_when_it_changes_the_log_then_the_database_refuses(
    log: EventStore, statement: str
) -> None:
    before = await log.read_all()

    with pytest.raises(asyncpg.PostgresError) as refusal:
        async with log.pool.acquire() as connection, connection.transaction():
            await connection.execute(statement)

    assert refusal.value.sqlstate == "42501"
    assert await log.read_all() == before


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
async def test_given_the_owner_when_it_changes_the_log_then_the_trigger_refuses(
    log: EventStore, database_url: str, statement: str
) -> None:
    before = await log.read_all()
    async with connected(database_url) as owner:
        with pytest.raises(asyncpg.PostgresError, match="append-only") as refusal:
            await owner.execute(statement)

    assert refusal.value.sqlstate == "42501"
    assert await log.read_all() == before


async def test_given_a_temporary_table_of_the_same_name_when_appending_then_it_is_not_taken_for_the_log(
    log: EventStore,
) -> None:
    async with log.pool.acquire() as connection, connection.transaction():
        await connection.execute("create temporary table pg_locks (locktype text, relation oid) on commit drop")
        assert await connection.fetchval("select eventstore.settled()") == 2


async def test_given_any_other_role_when_it_looks_for_a_function_to_call_then_none_is_granted_to_everybody(
    log: EventStore,
) -> None:
    assert [row["proname"] for row in await log.pool.fetch(_GRANTED_TO_EVERYBODY)] == []
