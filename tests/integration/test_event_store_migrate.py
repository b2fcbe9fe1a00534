"""Migrations: applied once by repeated and concurrent runs, and an error that hides the password."""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from embedded.postgres import Postgres, run_postgres
from eventstore.migrate import MigrationFailed, dbmate_url, migrate, migration_folders
from tests.integration.event_store_harness import connected

ROOT = Path(__file__).resolve().parents[2]
MIGRATE = """
import asyncio, json, sys
from eventstore.migrate import migrate
print(json.dumps(asyncio.run(migrate(sys.argv[1]))))
"""


def migration_files() -> list[str]:
    return sorted(file.name for folder in migration_folders() for file in folder.glob("*.sql"))


@pytest.fixture
async def empty_database(postgres_server: Postgres) -> AsyncIterator[str]:
    """Owner's address of a new database."""
    name = f"empty_{uuid.uuid4().hex}"
    async with connected(postgres_server.address("postgres")) as admin:
        await admin.execute(f"create database {name}")
        yield postgres_server.address(name)
        await admin.execute(f"drop database {name} with (force)")


async def test_given_an_empty_database_when_migrated_twice_then_the_second_time_has_nothing_to_do(
    empty_database: str,
) -> None:
    assert sorted(await migrate(empty_database)) == migration_files()
    assert await migrate(empty_database) == []


async def migrate_in_a_process(dsn: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MIGRATE, dsn, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    applied: list[str] = json.loads(output)
    return applied


async def test_given_an_empty_database_when_four_processes_migrate_it_at_once_then_one_does_and_all_succeed(
    empty_database: str,
) -> None:
    async with asyncio.timeout(60):
        applied = await asyncio.gather(*(migrate_in_a_process(empty_database) for _ in range(4)))
    assert sorted(len(files) for files in applied) == [0, 0, 0, len(migration_files())]
    async with connected(empty_database) as owner:
        assert await owner.fetchval("select count(*) from public.schema_migrations") == len(migration_files())


async def test_given_an_owner_that_is_no_superuser_when_migrated_then_it_can_become_the_applications_role() -> None:
    # A separate server: roles belong to all databases of a server, and here the migration has to create the role.
    async with run_postgres(None, durable=False) as server:
        async with connected(server.dsn) as admin:
            await admin.execute("create role plain login createrole")
            await admin.execute("create database plain owner plain")
        address = urlsplit(server.address("plain"))._replace(netloc="plain@").geturl()

        assert sorted(await migrate(address)) == migration_files()

        async with connected(address) as application:
            await application.execute("set role orders_app")
            assert await application.fetchval("select eventstore.settled()") == 0


async def test_given_a_migration_that_fails_when_migrating_then_the_error_tells_why_and_holds_no_password(
    empty_database: str,
) -> None:
    async with connected(empty_database) as owner:
        await owner.execute("create schema eventstore")
    parts = urlsplit(empty_database)
    address = parts._replace(netloc=f"{parts.username}:se%cret-7@").geturl()

    with pytest.raises(MigrationFailed, match='schema "eventstore" already exists') as failure:
        await migrate(address)

    assert "cret-7" not in str(failure.value)
    async with connected(empty_database) as owner:
        assert await owner.fetchval("select count(*) from public.schema_migrations") == 0


async def test_given_no_such_database_when_migrating_then_it_is_not_made_and_the_error_is_the_servers(
    postgres_server: Postgres,
) -> None:
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await migrate(postgres_server.address("nowhere"))


@pytest.mark.parametrize(
    ("dsn", "encrypted", "url"),
    [
        ("postgresql://u:p@h:5433/d", False, "postgresql://u:p@h:5433/d?sslmode=disable"),
        ("postgresql://u:p@h/d", True, "postgresql://u:p@h/d?sslmode=require"),
        ("postgresql://u@h/d?sslmode=verify-full", True, "postgresql://u@h/d?sslmode=verify-full"),
        ("postgresql://h/d", False, "postgresql://h/d?sslmode=disable"),
        ("postgresql://u@/d?host=/run/x", False, "postgresql://u@/d?socket=/run/x&port=5432&sslmode=disable"),
        ("postgresql://u@/d?host=/x&port=5433", False, "postgresql://u@/d?port=5433&socket=/x&sslmode=disable"),
        ("postgresql:///d?host=/x", False, "postgresql://@/d?socket=/x&port=5432&sslmode=disable"),
        ("postgresql://u@/d?host=h", False, "postgresql://u@/d?host=h&sslmode=disable"),
        ("postgresql://u:50%off@h/d", False, "postgresql://u:50%25off@h/d?sslmode=disable"),
        ("postgresql://u:a%40b:c@h/d", False, "postgresql://u:a%40b%3Ac@h/d?sslmode=disable"),
    ],
)
def test_given_an_address_when_spelled_for_dbmate_then_it_means_the_same(dsn: str, encrypted: bool, url: str) -> None:
    assert dbmate_url(dsn, encrypted=encrypted) == f"{url}&search_path=pg_catalog"
