"""The committed schema equals the sum of the migrations."""

import difflib
from pathlib import Path

from embedded.postgres import Postgres
from embedded.schema import dump_schema

COMMITTED = Path(__file__).resolve().parents[2] / "schema.sql"


async def test_given_a_migrated_database_when_dumped_then_it_is_the_committed_schema(
    postgres_server: Postgres, database_url: str
) -> None:
    dumped = await dump_schema(database_url, postgres_server.bin)
    difference = difflib.unified_diff(COMMITTED.read_text().splitlines(), dumped.splitlines(), "schema.sql", "migrated")
    assert not list(difference), "the migrations changed: `make schema`"
