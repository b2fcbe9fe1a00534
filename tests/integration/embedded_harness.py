"""Runs the embedded services in a process of their own, and finds the processes left over."""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from temporalio.client import Client

from embedded.ports import HOST
from embedded.services import Services, run_services

LIMIT = 30.0  # seconds
LIVING = Callable[[str], dict[int, str]]

# Like an entry point: run the services until an interrupt, and use them during the orderly end.
OWNER = """
import asyncio, sys
from pathlib import Path
import asyncpg
from process import run
from embedded.services import run_services

async def note(services, text):
    connection = await asyncpg.connect(services.database_url)
    await connection.execute("create table if not exists public.notes (note text)")
    await connection.execute("insert into public.notes values ($1)", text)
    await connection.close()

async def main():
    async with run_services(Path(sys.argv[1]), database_url=None, temporal_address=None) as services:
        await note(services, "started")
        print(services.temporal_address, flush=True)
        try:
            await asyncio.Event().wait()
        finally:
            await note(services, "stopped")

run(main)
"""

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@dataclass(frozen=True)
class Owner:
    """A process that runs services; it and its descendants carry `mark`."""

    process: asyncio.subprocess.Process
    mark: str


@asynccontextmanager
async def owner_of(folder: Path) -> AsyncIterator[Owner]:
    mark = f"{os.environ['ORDERS_TEST_RUN']}-{folder.name}"
    with tempfile.TemporaryDirectory(prefix="t-") as temporary:  # adopts the orphans of a killed guard
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", OWNER, str(folder)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"ORDERS_TEST_RUN": mark, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": temporary},
            start_new_session=True,
        )
        try:
            assert process.stdout
            assert await asyncio.wait_for(process.stdout.readline(), LIMIT), "it did not start"
            yield Owner(process, mark)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as taker:
        taker.bind((HOST, 0))
        taker.listen()
        yield taker.getsockname()[1]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Prove that no process holds the folder's locks."""
    with (folder / "lock").open() as ours, (folder / "servers.lock").open() as servers:
        fcntl.flock(ours, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(servers, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


async def client_of(services: Services) -> Client:
    return await Client.connect(services.temporal_address, namespace=services.temporal_namespace)


async def start_workflow(services: Services, id: str) -> None:
    client = await client_of(services)
    await client.start_workflow("nobody-runs-it", id=id, task_queue="nobody-polls-it")


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def working_in(folder: Path) -> list[int]:
    """Processes with this working directory: each of PostgreSQL's, also those without their environment."""
    return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cwd") if _target(each) == str(folder)]


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def kill(processes: list[int]) -> None:
    for each in processes:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile, as intended
            os.kill(each, signal.SIGKILL)


async def note(services: Services, text: str) -> None:
    connection = await asyncpg.connect(services.database_url)
    await connection.execute("create table if not exists public.notes (note text)")
    await connection.execute("insert into public.notes values ($1)", text)
    await connection.close()


async def notes(services: Services) -> list[str]:
    connection = await asyncpg.connect(services.database_url)
    try:
        return [row["note"] for row in await connection.fetch("select note from public.notes")]
    finally:
        await connection.close()


def services_in(folder: Path) -> AbstractAsyncContextManager[Services]:
    return run_services(folder, database_url=None, temporal_address=None)
