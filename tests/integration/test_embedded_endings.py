"""The embedded servers, ended in every way by user or machine, and restarted."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from embedded.account import account_for, hand_over
from embedded.child import Job, child
from embedded.errors import EmbeddedError
from embedded.ports import HOST
from embedded.postgres import run_postgres
from tests.integration.embedded_harness import (
    LIMIT,
    LIVING,
    OWNER,
    client_of,
    kill,
    locked,
    needs_proc,
    note,
    notes,
    owner_of,
    services_in,
    start_workflow,
    until,
    working_in,
)


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
        left_behind.write_text("\n".join([str(os.getpid()), *content[1:]]))  # the id belongs to another process
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


async def test_throwaway_folders_are_gone_after_a_stop() -> None:
    async with run_postgres(None, durable=False) as postgres:
        assert postgres.socket_dir.exists()
    assert not postgres.socket_dir.exists()


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
