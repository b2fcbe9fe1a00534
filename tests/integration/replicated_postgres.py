"""A PostgreSQL primary and a streaming replica, real processes: the test pauses the replica, kills the primary, and
promotes the replica with its lag."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from embedded.account import account_for, hand_over
from embedded.child import Child, Job, child
from embedded.folders import throwaway_folder
from tests.running_system import until

LIMIT = 120.0
_HBA = "local all all trust\nlocal replication all trust\n"


def require_programs(programs: Path) -> None:
    """Skip if replication cannot be set up with these binaries."""
    missing = [name for name in ("initdb", "postgres", "pg_basebackup") if not (programs / name).exists()]
    if missing:
        pytest.skip(f"{programs} has no {', '.join(missing)}")


@dataclass
class Replicated:
    """Both servers, each in a folder of its own with its socket."""

    run: Path
    primary: Child
    replica: Child

    def address(self, server: str) -> str:
        return f"postgresql://postgres@/orders?host={self.run / server}&port=5432&sslmode=disable"

    async def hold_back(self) -> None:
        """Let the replica replay everything so far, and then receive no more."""
        sent = await self._ask("primary", "select pg_current_wal_lsn()::text")

        async def replayed() -> bool:
            return bool(await self._ask("replica", "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn", sent))

        await until(replayed, f"the replica has replayed {sent}", LIMIT)
        await self._ask("replica", "alter system set primary_conninfo = ''")
        await self._ask("replica", "select pg_reload_conf()")

        async def cut() -> bool:
            return not await self._ask("primary", "select count(*) from pg_stat_replication")

        await until(cut, "the replica receives nothing more", LIMIT)

    async def fail_over(self) -> None:
        """Kill the primary, and promote the replica in its current state."""
        await self.primary.kill()
        assert await self._ask("replica", "select pg_promote(true, 100)")

    async def _ask(self, server: str, statement: str, *arguments: object) -> object:
        connection = await asyncpg.connect(self.address(server))
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()


@asynccontextmanager
async def replicated_postgres(programs: Path) -> AsyncIterator[Replicated]:
    require_programs(programs)
    with throwaway_folder() as run:
        for name in ("primary", "replica"):
            (run / name).mkdir()
        account = account_for(run / "primary" / "data")
        (run / "hba.conf").write_text(_HBA)
        hand_over(run, account)

        def job(name: str, program: str, *argv: str) -> Job:
            log = run / f"{name}.log"
            return Job(name, (str(programs / program), *argv), log, signal.SIGINT, account=account)

        def server(name: str) -> Job:
            folder = run / name
            options = {
                "listen_addresses": "",
                "unix_socket_directories": str(folder),
                "hba_file": str(run / "hba.conf"),
                "wal_level": "replica",
                "fsync": "off",
                "max_connections": "100",
            }
            settings = (each for option, value in options.items() for each in ("-c", f"{option}={value}"))
            return job(name, "postgres", "-D", str(folder / "data"), "-p", "5432", *settings)

        data = str(run / "primary" / "data")
        await _finished(job("initdb", "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"))
        async with child(server("primary")) as primary:
            await _started(primary, run / "primary")
            source = ("-h", str(run / "primary"), "-p", "5432", "-U", "postgres")
            copy = ("-D", str(run / "replica" / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
            await _finished(job("pg_basebackup", "pg_basebackup", *source, *copy))
            async with child(server("replica")) as replica:
                await _started(replica, run / "replica")
                yield Replicated(run, primary, replica)


async def _finished(job: Job) -> None:
    async with child(job) as running:
        await running.finished()


async def _started(server: Child, folder: Path) -> None:
    async def answers() -> bool:
        try:
            connection = await asyncpg.connect(
                f"postgresql://postgres@/postgres?host={folder}&port=5432&sslmode=disable"
            )
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        try:
            if not await connection.fetchval("select pg_is_in_recovery()"):
                await connection.execute("create database orders")
        finally:
            await connection.close()
        return True

    await server.ready(answers, LIMIT)
