"""The types of PostgreSQL's own arrays are asked for once in a process, those of a database on each connection."""

import uuid

import asyncpg
import pytest

from eventstore.known_types import Connection
from eventstore.pool import connect

ARRAYS = "select $1::bigint[] as numbers, $2::uuid[] as ids, $3::text[] as texts, array[$4::smallint] as small"


class Asked:
    """Number of questions about types that connections sent, by their text."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, record: object) -> None:
        self.count += "typeinfo" in str(getattr(record, "query", ""))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setattr("eventstore.known_types._KNOWN", {})
    return Asked()


async def opened(database_url: str, asked: Asked) -> asyncpg.Connection:
    connection = await connect(database_url, {"role": "orders_app"})
    connection.add_query_logger(asked)
    return connection


async def test_a_second_connection_does_not_ask_for_the_types_of_arrays(database_url: str, asked: Asked) -> None:
    ids = [uuid.uuid4()]
    for questions in (1, 1):
        connection = await opened(database_url, asked)
        row = await connection.fetchrow(ARRAYS, [1, 2**62], ids, ["a", None], 3)
        assert row is not None
        assert (list(row), asked.count) == ([[1, 2**62], ids, ["a", None], [3]], questions)
        assert await connection.fetchval("select $1::bigint[]", [5]) == [5]
        await connection.close()


async def test_a_statement_without_a_name_is_executed_with_known_types(database_url: str, asked: Asked) -> None:
    for _ in range(2):
        connection = await asyncpg.connect(database_url, statement_cache_size=0, connection_class=Connection)
        assert await connection.fetchval("select $1::int[]", [7]) == [7]
        await connection.close()


async def test_types_of_a_database_are_asked_for_on_each_connection(database_url: str, asked: Asked) -> None:
    owner = await asyncpg.connect(database_url)
    await owner.execute("create type public.sizes as (small int)")
    for change, row in (("select", (1,)), ("alter type public.sizes add attribute large int", (1, 2))):
        await owner.execute(change)
        connection = await opened(database_url, asked)
        assert await connection.fetchval(f"select row({', '.join(map(str, row))})::public.sizes") == row
        await connection.close()
    await owner.close()
    assert asked.count == 2
