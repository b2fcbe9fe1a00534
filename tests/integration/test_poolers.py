"""Poolers and addresses: PgBouncer in session mode works, in transaction mode every program refuses with one message."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import pytest

from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.errors import PooledByTransaction
from eventstore.migrate import _LOCK, MigrationFailed, migrate
from eventstore.pool import open_pool, require_sessions
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.pooler_harness import address, needs_pgbouncer, pgbouncer
from tests.integration.secured_harness import administer, password_postgres
from tests.running_system import until

COMMANDS = ("list", "worker", "api", "migrate")


@pytest.fixture(scope="module")
async def server(postgres_server: Postgres) -> AsyncIterator[int]:
    async with password_postgres(postgres_server.bin) as (port, _):
        await migrate(address("orders_owner", port))
        yield port


def shell_at(folder: Path, temporal: TemporalServer, *ports: int, options: str = "") -> Shell:
    plain = shell_for(folder, address("orders", *ports, options=options), temporal)
    owner = {"DATABASE_OWNER_URL": address("orders_owner", *ports, options=options)}
    return Shell(folder, plain.environment | owner)


@needs_pgbouncer
async def test_everything_works_through_a_pooler_in_session_mode(
    server: int, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    async with pgbouncer("session", server) as port:
        shell = shell_at(tmp_path, temporal_server, port)
        assert (await shell.orders("migrate")).err == ""
        async with shell.serving("worker"), shell.serving("api", ORDERS_API_ADDRESS="127.0.0.1:0"):
            await until(lambda: is_healthy(shell), "every reader of the log keeps up")
        async with open_pool(address("orders", port)) as pool:
            assert await pool.fetchval("select current_user") == "orders_app"
            assert await pool.fetchval("show idle_in_transaction_session_timeout") == "30s"


async def is_healthy(shell: Shell) -> bool:
    return (await shell.orders("health")).code == 0


@needs_pgbouncer
async def test_every_program_refuses_a_pooler_in_transaction_mode_in_one_sentence(
    server: int, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    async with pgbouncer("transaction", server) as port:
        for command in COMMANDS:
            refused = await shell_at(tmp_path, temporal_server, port).orders(command)
            assert (refused.code, refused.out) == (1, ""), refused.err
            assert "pooler in transaction mode" in refused.err
            assert len(refused.err.strip().splitlines()) == 1, refused.err


@needs_pgbouncer
async def test_a_pooler_is_recognised_that_takes_turns_among_its_connections(server: int) -> None:
    async with pgbouncer("transaction", server, server_round_robin=1) as port:
        for _ in range(5):
            with pytest.raises(PooledByTransaction):
                await require_sessions(address("orders", port))


@needs_pgbouncer
async def test_a_pooler_in_transaction_mode_is_recognised_while_others_use_it(server: int) -> None:
    async with pgbouncer("transaction", server) as port:
        dsn = address("orders", port)

        async def busy() -> None:
            connection = await asyncpg.connect(dsn, statement_cache_size=0)
            try:
                while True:
                    async with connection.transaction():
                        await connection.execute("select pg_sleep(0.001)")
            finally:
                connection.terminate()

        users = [asyncio.create_task(busy()) for _ in range(8)]
        try:
            for _ in range(20):
                with pytest.raises(PooledByTransaction):
                    await require_sessions(dsn)
        finally:
            for user in users:
                user.cancel()
            await asyncio.gather(*users, return_exceptions=True)


async def test_a_migration_never_waits_silently_and_gives_up(server: int) -> None:
    owner, messages = address("orders_owner", server), list[str]()
    other = await asyncpg.connect(owner)
    try:
        await other.execute(f"select pg_advisory_lock({_LOCK})")
        with pytest.raises(
            MigrationFailed, match=f"session {await other.fetchval('select pg_backend_pid()')} of orders_owner"
        ):
            await migrate(owner, patience=2, on_wait=messages.append)
    finally:
        other.terminate()
    assert len(messages) == 1, messages
    assert "pg_terminate_backend" in messages[0]
    assert await migrate(owner) == []


async def test_an_address_of_several_hosts_reaches_the_one_that_takes_writes(
    server: int, postgres_server: Postgres, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    options = "?" + urlencode({"target_session_attrs": "read-write"})
    async with password_postgres(postgres_server.bin) as (other, _):
        await demote(other)
        shell = shell_at(tmp_path, temporal_server, other, server, options=options)
        migrated = await shell.orders("migrate")
        assert (migrated.code, migrated.err) == (0, "")
        async with shell.serving("worker"):
            await until(lambda: is_healthy(shell), "every reader of the log keeps up")
        healthy = await shell.orders("health", "--json")
        assert f"127.0.0.1:{other},127.0.0.1:{server}/orders" in healthy.out


async def demote(port: int) -> None:
    """Make a server report that it accepts no writes, as a standby does."""
    await administer(port, "alter system set default_transaction_read_only = on", "select pg_reload_conf()")
