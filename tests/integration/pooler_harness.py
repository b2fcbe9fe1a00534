"""A real PgBouncer in front of a PostgreSQL with passwords."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg
import pytest

from embedded.account import account_for, hand_over
from embedded.child import Job, child
from embedded.folders import throwaway_folder
from embedded.ports import free_ports
from tests.integration.secured_harness import APP_PASSWORD, OWNER_PASSWORD, administer

PASSWORDS: Final = {"orders": APP_PASSWORD, "orders_owner": OWNER_PASSWORD}
PGBOUNCER: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_pgbouncer: Final = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")


def address(user: str, *ports: int, options: str = "") -> str:
    """The database `orders` as this user, on one or several ports of this machine."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgresql://{user}:{quote(PASSWORDS[user], safe='')}@{hosts}/orders{options}"


@asynccontextmanager
async def pgbouncer(mode: str, behind: int, **settings: object) -> AsyncIterator[int]:
    """A pooler in this mode before the server on this port; yields its port."""
    assert PGBOUNCER
    [port] = free_ports(1)
    with throwaway_folder() as run:
        _configure(run, mode, behind, port, settings)
        account = account_for(run / "none")
        hand_over(run, account)
        job = Job(
            "PgBouncer",
            (PGBOUNCER, str(run / "pgbouncer.ini")),
            run / "out.log",
            signal.SIGTERM,
            limit=5,
            account=account,
        )
        async with child(job) as pooler:

            async def answers() -> bool:
                try:
                    connection = await asyncpg.connect(address("orders", port), statement_cache_size=0)
                except (OSError, asyncpg.PostgresError):
                    return False
                connection.terminate()
                return True

            await administer(behind, "select 1")
            await pooler.ready(answers, 60)
            yield port


def _configure(run: Path, mode: str, behind: int, port: int, settings: dict[str, object]) -> None:
    users = "".join(f'"{user}" "{password}"\n' for user, password in PASSWORDS.items())
    (run / "users.txt").write_text(users)
    options = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "plain",
        "auth_file": run / "users.txt",
        "pool_mode": mode,
        "default_pool_size": 60,
        "logfile": run / "pgbouncer.log",
    } | settings
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    (run / "pgbouncer.ini").write_text(f"[databases]\n* = host=127.0.0.1 port={behind}\n[pgbouncer]\n{lines}")
