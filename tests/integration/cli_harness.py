"""The `orders` command as seen by users: a process with its exit code, its two outputs and its signals."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bootstrap import App, build_app
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.pool import open_pool
from settings import Settings
from tests.forked import PIPE, SERVER, Forked

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "cli")
LIMIT = 180.0  # seconds for one command; a few suffice on an idle machine
UI_URL = "http://web-ui.example:8233"


@dataclass(frozen=True)
class Ended:
    """Result of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails on any further output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON Lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """A folder and an environment to run commands in."""

    folder: Path
    environment: dict[str, str]

    async def orders(self, *arguments: str, given: bytes = b"", stdout: int = PIPE, **changes: str) -> Ended:
        """Run a command to its end. given: standard input; changes: further environment variables."""
        async with self.started(*arguments, stdout=stdout, **changes) as process, asyncio.timeout(LIMIT):
            out, err = await process.communicate(given)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def started(self, *arguments: str, stdout: int = PIPE, **changes: str) -> AsyncIterator[Forked]:
        """A command with pipes for its outputs, which does not outlive the block."""
        process = await SERVER.start(arguments, self.folder, self._all(changes), stdin=PIPE, stdout=stdout)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def serving(self, *arguments: str, **changes: str) -> AsyncIterator[Forked]:
        """A serving command, from its line `serving` on; the test or the end of the block stops it."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = await SERVER.start((*arguments, "--json"), self.folder, self._all(changes), stderr=log.fileno())
        try:
            assert process.stdout is not None
            async with asyncio.timeout(LIMIT):
                assert await process.stdout.readline(), (self.folder / f"{arguments[0]}.log").read_text()
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()

    def _all(self, changes: dict[str, str]) -> dict[str, str]:
        return clean_environment() | self.environment | changes


def clean_environment() -> dict[str, str]:
    """This process's environment without any of our settings, and with our packages importable from any folder. Output
    is buffered, as for users."""
    ours = ("DATABASE_", "TEMPORAL_", "ORDERS_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) or name == "ORDERS_TEST_RUN"}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def shell_for(folder: Path, database_url: str, temporal: TemporalServer) -> Shell:
    """A shell with a database, and a task queue of its own at Temporal."""
    return Shell(
        folder,
        {
            "DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": temporal.address,
            "TEMPORAL_NAMESPACE": temporal.namespace,
            "TEMPORAL_UI_URL": UI_URL,
            "ORDERS_TASK_QUEUE": f"cli-{uuid.uuid4().hex[:8]}",
            "ORDERS_SHUTDOWN_SECONDS": "5",
        },
    )


@asynccontextmanager
async def application(shell: Shell) -> AsyncIterator[App]:
    """The application on the shell's database."""
    url = shell.environment["DATABASE_URL"]
    async with open_pool(url) as pool:
        made = build_app(Settings(database_url=url), pool)
        yield made
        await made.wakeup.flush()


@asynccontextmanager
async def database(server: Postgres, template: str) -> AsyncIterator[str]:
    """Address of a migrated database as its owner, dropped at the end."""
    name = f"cli_{uuid.uuid4().hex}"
    await administer(server, f"create database {name} template {template} strategy file_copy")
    yield server.address(name)
    await administer(server, f"drop database {name} with (force)")


async def administer(server: Postgres, *statements: str) -> None:
    connection = await asyncpg.connect(server.address("postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def as_lines(*orders: dict[str, Any]) -> bytes:
    """Orders as JSON Lines."""
    return b"".join(json.dumps(order).encode() + b"\n" for order in orders)


async def both(shell: Shell, *arguments: str) -> tuple[str, Any]:
    """Text output of a command and its JSON document; both without output on standard error."""
    for_people, as_json = await asyncio.gather(shell.orders(*arguments), shell.orders(*arguments, "--json"))
    assert [each.code for each in (for_people, as_json)] == [0, 0], for_people.err + as_json.err
    assert as_json.err == ""
    return for_people.out, as_json.document
