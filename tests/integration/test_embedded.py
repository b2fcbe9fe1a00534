"""The embedded servers, started and ended in every way a user or the machine may do it."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from embedded import temporal
from embedded.account import account_for, hand_over
from embedded.child import Job, child
from embedded.errors import EmbeddedError
from embedded.folders import SOCKET_LIMIT, SOCKET_NAME
from embedded.ports import HOST, free_ports, is_free
from embedded.postgres import Postgres, run_postgres
from embedded.services import Services, run_services
from embedded.temporal import SEARCH_ATTRIBUTES, TemporalServer, run_temporal

LIMIT = 30.0  # seconds
LIVING = Callable[[str], dict[int, str]]

# What an entry point of ours does: run the services until it is interrupted, and use them for its own orderly end.
OWNER = """
import asyncio, sys
from pathlib import Path
import asyncpg
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

asyncio.run(main())
"""

EXPECTED_SETTINGS = {
    "server_encoding": "UTF8",
    "timezone": "UTC",
    "listen_addresses": "",
    "max_connections": "200",
    "jit": "off",
    "fsync": "off",
}

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@dataclass(frozen=True)
class Owner:
    """A process that runs services in `folder`; `mark` is carried by it and all it starts."""

    process: asyncio.subprocess.Process
    folder: Path
    mark: str


@asynccontextmanager
async def owner_of(folder: Path) -> AsyncIterator[Owner]:
    mark = f"{os.environ['ORDERS_TEST_RUN']}-{folder.name}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"ORDERS_TEST_RUN": mark, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    try:
        assert process.stdout
        assert await asyncio.wait_for(process.stdout.readline(), LIMIT), "it did not start"
        yield Owner(process, folder, mark)
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
    """Proves that nobody holds the folder's locks."""
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
    """The processes whose working directory it is: each of PostgreSQL's, also those that have lost their environment."""
    return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cwd") if _target(each) == str(folder)]


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def kill(processes: list[int]) -> None:
    for each in processes:
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


async def test_postgres_answers_its_owner_with_the_settings_we_rely_on(postgres_server: Postgres) -> None:
    connection = await asyncpg.connect(postgres_server.dsn)
    settings = {name: await connection.fetchval(f"show {name}") for name in EXPECTED_SETTINGS}
    database = await connection.fetchval("select current_database()")
    await connection.close()
    assert settings == EXPECTED_SETTINGS
    assert database == "orders"


async def test_temporal_answers_and_knows_our_search_attributes(
    temporal_server: TemporalServer, temporal_client: Client
) -> None:
    found = await temporal_client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=temporal_server.namespace)
    )
    assert set(found.custom_attributes) >= SEARCH_ATTRIBUTES.keys()


async def test_a_kept_folder_has_its_rows_and_workflows_after_a_stop_and_a_start(tmp_path: Path) -> None:
    async with services_in(tmp_path) as services:
        assert services.started == ("PostgreSQL", "Temporal")
        await note(services, "kept")
        await start_workflow(services, "kept")
    async with services_in(tmp_path) as services:
        assert await notes(services) == ["kept"]
        assert (await (await client_of(services)).get_workflow_handle("kept").describe()).id == "kept"


@needs_proc
async def test_interrupting_the_terminals_process_group_lets_the_owner_use_the_services_and_then_stops_them(
    tmp_path: Path, living: LIVING
) -> None:
    async with owner_of(tmp_path) as owner:
        os.killpg(owner.process.pid, signal.SIGINT)
        await asyncio.wait_for(owner.process.wait(), LIMIT)
        assert not living(owner.mark)
        assert not working_in(tmp_path / "postgres")
        assert not (tmp_path / "postgres" / "postmaster.pid").exists(), "PostgreSQL was not stopped in order"
    async with services_in(tmp_path) as services:
        assert await notes(services) == ["started", "stopped"]


@needs_proc
@pytest.mark.parametrize("killed", ["owner", "guards", "owner and guards"])
async def test_no_server_outlives(killed: str, tmp_path: Path, living: LIVING) -> None:
    async with owner_of(tmp_path) as owner:
        guards = [pid for pid, command in living(owner.mark).items() if "guard.py" in command]
        servers = living(owner.mark).keys() - {owner.process.pid, *guards}
        assert (len(guards), len(servers)) == (2, 2)
        kill(guards * ("guards" in killed) + [owner.process.pid] * ("owner" in killed))
        await until(lambda: not servers & living(owner.mark).keys() and not working_in(tmp_path / "postgres"))
        await until(lambda: not set(guards) & living(owner.mark).keys())


@needs_proc
async def test_a_run_killed_with_all_its_servers_does_not_prevent_a_start_and_loses_nothing(
    tmp_path: Path, living: LIVING
) -> None:
    async with owner_of(tmp_path) as owner:
        kill([*living(owner.mark), *working_in(tmp_path / "postgres")])
        await owner.process.wait()
        await until(lambda: not working_in(tmp_path / "postgres"))
        left_behind = tmp_path / "postgres" / "postmaster.pid"
        content = left_behind.read_text().splitlines()
        left_behind.write_text("\n".join([str(os.getpid()), *content[1:]]))  # the id has gone to another process
    async with services_in(tmp_path) as services:
        assert await notes(services) == ["started"]


async def test_a_start_right_after_a_kill_waits_for_the_servers_of_the_killed_run(tmp_path: Path) -> None:
    async with owner_of(tmp_path) as owner:
        owner.process.kill()
        async with services_in(tmp_path) as services:
            assert await notes(services) == ["started"]


async def test_a_second_run_in_the_same_folder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    async with owner_of(tmp_path) as owner:
        with pytest.raises(EmbeddedError) as refusal:
            await services_in(tmp_path).__aenter__()
        assert str(owner.process.pid) in str(refusal.value)
        assert str(tmp_path) in str(refusal.value)


async def test_an_initialisation_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    async with run_postgres(tmp_path / "postgres", durable=False) as postgres:
        async with asyncpg.create_pool(postgres.dsn, min_size=1, max_size=1) as pool:
            assert await pool.fetchval("select 1") == 1
    assert not half.exists()


async def test_a_path_of_more_than_200_characters_works(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 20) / ("longer-" * 20)
    async with services_in(folder) as services:
        await note(services, "here")
        assert await notes(services) == ["here"]


async def test_a_long_folder_for_temporary_files_still_gives_a_short_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long-" * 20)))
    async with run_postgres(tmp_path / "postgres", durable=False) as postgres:
        assert len(os.fsencode(postgres.socket_dir / SOCKET_NAME)) <= SOCKET_LIMIT


async def test_throwaway_folders_are_gone_after_a_stop() -> None:
    async with run_postgres(None, durable=False) as postgres:
        assert postgres.socket_dir.exists()
    assert not postgres.socket_dir.exists()


async def test_a_free_usual_port_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, usual_ui = free_ports(2)
    monkeypatch.setattr(temporal, "USUAL_PORT", usual)
    monkeypatch.setattr(temporal, "USUAL_UI_PORT", usual_ui)
    async with run_temporal(None) as server:
        assert server.address == f"{HOST}:{usual}"
        assert server.ui_url == f"http://{HOST}:{usual_ui}"
        assert not is_free(usual_ui)


async def test_taken_usual_ports_give_free_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken_port() as usual, taken_port() as usual_ui:
        monkeypatch.setattr(temporal, "USUAL_PORT", usual)
        monkeypatch.setattr(temporal, "USUAL_UI_PORT", usual_ui)
        async with run_temporal(None) as server:
            assert server.address != f"{HOST}:{usual}"
            assert server.ui_url != f"http://{HOST}:{usual_ui}"
            await Client.connect(server.address)


async def test_a_port_lost_to_another_process_at_the_last_moment_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([True])  # the first look finds the port free, and it is not
    monkeypatch.setattr(temporal, "is_free", lambda port: next(looks, is_free(port)))
    with taken_port() as usual:
        monkeypatch.setattr(temporal, "USUAL_PORT", usual)
        async with run_temporal(None, ui=False) as server:
            assert server.address != f"{HOST}:{usual}"


async def test_a_port_that_was_asked_for_and_is_taken_is_refused() -> None:
    with taken_port() as port, pytest.raises(EmbeddedError, match=str(port)):
        await run_temporal(None, port=port).__aenter__()


async def test_given_addresses_start_nothing_in_their_place(tmp_path: Path, postgres_server: Postgres) -> None:
    folder = tmp_path / "kept"
    async with run_services(folder, database_url=postgres_server.dsn, temporal_address="there:7233") as services:
        assert services == Services(postgres_server.dsn, "there:7233", "default", ui_url=None, started=())
        assert not folder.exists()
    async with run_services(folder, database_url=postgres_server.dsn, temporal_address=None) as services:
        assert services.started == ("Temporal",)
        assert not (folder / "postgres").exists()


async def test_the_data_of_another_major_version_is_refused_with_both_versions_named(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 15.*PostgreSQL 18"):
        await run_postgres(tmp_path, durable=True).__aenter__()


async def test_a_folder_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(EmbeddedError, match="not a folder of PostgreSQL"):
        await run_postgres(tmp_path, durable=True).__aenter__()
    assert os.listdir(tmp_path) == ["letter.txt"]


@needs_proc
async def test_a_start_that_fails_shows_the_end_of_the_log_and_leaves_nothing_running(tmp_path: Path) -> None:
    async with services_in(tmp_path):
        pass
    (tmp_path / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match="pg_control"):
        await services_in(tmp_path).__aenter__()
    assert not working_in(tmp_path / "postgres")
    with locked(tmp_path):
        pass


@needs_proc
@pytest.mark.skipif(os.geteuid() != 0, reason="every other test of this file already runs as an ordinary user")
async def test_an_ordinary_user_can_run_it_too_and_root_goes_on_with_that_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    folder, account = tmp_path / "theirs", account_for(tmp_path / "theirs")
    folder.mkdir()
    hand_over(folder, account)
    log = tmp_path / "log"
    job = Job("owner", (sys.executable, "-c", OWNER, str(folder)), log, signal.SIGINT, account=account)
    async with child(job) as owner:
        await owner.ready(lambda: asyncio.sleep(0, HOST in log.read_text()), LIMIT)
        assert account == (folder / "lock").stat()[4:6]
    async with services_in(folder) as services:
        assert await notes(services) == ["started", "stopped"]
        assert account == (folder / "postgres").stat()[4:6]
