"""Fixtures with real servers: one PostgreSQL and one Temporal for a whole run, a new database for each test."""

import gc
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from embedded.postgres import Postgres, run_postgres
from embedded.temporal import TIME_SKIPPING, TemporalServer, run_temporal
from eventstore.migrate import migrate
from tests.forked import SERVER
from tests.gateways.stripe_fixtures import local_stripe, stripe_api, stripe_server  # noqa: F401 – for every test that asks for them
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.rights_harness import each_server  # noqa: F401 – the fixture `server`

RUN_MARK = "ORDERS_TEST_RUN"  # an environment variable, so that every descendant of a run carries it
END_LIMIT = 20.0  # seconds

Living = Callable[[str], dict[int, str]]


# Temporal's client may take the interpreter down when its objects are collected while no event loop runs, which is
# where pytest spends its time between tests (https://github.com/temporalio/sdk-python/issues/300).
gc.disable()


def pytest_collection_finish() -> None:
    """Freeze imported objects: collecting them after each of two thousand tests would take a third of the run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
async def _collect_while_the_loop_runs() -> AsyncIterator[None]:
    yield
    gc.collect()
    gc.freeze()  # what outlives its test stays: looked through again after every later test, it took half a second of each


@pytest.fixture(scope="session")
def living() -> Living:
    """A function from a mark to the processes (id and command line) whose mark begins with it."""
    return _processes_with


def _processes_with(mark: str) -> dict[int, str]:
    wanted = f"{RUN_MARK}={mark}".encode()
    return {
        int(process.name): _command_line(process)
        for process in Path("/proc").glob("[0-9]*")
        if int(process.name) != os.getpid()
        and any(each.startswith(wanted) for each in _content(process / "environ").split(b"\0"))
    }


def _command_line(process: Path) -> str:
    return _content(process / "cmdline").replace(b"\0", b" ").decode(errors="replace")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # ended meanwhile, or of another user
        return b""


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """Final check of a run: set up first, and so executed after all other fixtures."""
    os.environ[RUN_MARK] = mark = uuid.uuid4().hex
    yield
    SERVER.stop()
    if sys.platform != "linux":
        return
    deadline = time.monotonic() + END_LIMIT
    while left := _processes_with(mark):
        assert time.monotonic() < deadline, f"left running: {left}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
async def postgres_server() -> AsyncIterator[Postgres]:
    async with run_postgres(None, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
async def template_database(postgres_server: Postgres) -> str:
    """Name of a database with every migration applied, to be cloned; without connections."""
    name = "migrated"
    await _administer(postgres_server, f"create database {name}")
    await migrate(postgres_server.address(name))
    return name


@pytest.fixture
async def database_url(postgres_server: Postgres, template_database: str) -> AsyncIterator[str]:
    """Address of a new database for this test, as the owner."""
    name = f"test_{uuid.uuid4().hex}"
    await _administer(postgres_server, f"create database {name} template {template_database} strategy file_copy")
    yield postgres_server.address(name)
    await _administer(postgres_server, f"drop database {name} with (force)")


@pytest.fixture
def shell(database_url: str, temporal_server: TemporalServer, tmp_path: Path) -> Shell:
    """A shell on the test's own database. It has no worker: an order stays placed until the test runs one."""
    return shell_for(tmp_path, database_url, temporal_server)


async def _administer(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.address("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections as in the application: with its role, and without a reset between two uses."""
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=10, reset=_no_reset, server_settings={"role": "orders_app"}
    ) as connections:
        yield connections


async def _no_reset(_: object) -> None:
    """Do not reset: it would undo the role."""


@pytest.fixture(scope="session")
async def temporal_server() -> AsyncIterator[TemporalServer]:
    async with run_temporal(None, ui=False, dynamic=TIME_SKIPPING) as server:
        yield server


@pytest.fixture(scope="session")
async def hasty_client() -> AsyncIterator[Client]:
    """Client of a server that suggests continue-as-new after 30 events, within the length of an ordinary order."""
    dynamic = TIME_SKIPPING | {"limit.historyCount.suggestContinueAsNew": "30"}
    async with run_temporal(None, ui=False, dynamic=dynamic) as server:
        yield await Client.connect(server.address, namespace=server.namespace, data_converter=pydantic_data_converter)


@pytest.fixture(scope="session")
async def temporal_client(temporal_server: TemporalServer) -> Client:
    return await Client.connect(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=pydantic_data_converter
    )
