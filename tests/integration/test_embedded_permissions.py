"""Folders of the embedded services are accessible to their owner alone: data, logs, sockets, addresses."""

import contextlib
import os
import stat
from pathlib import Path

import asyncpg
import pytest

from cli.dev import announced
from embedded.folders import throwaway_folder
from embedded.postgres import run_postgres
from settings import DEV_FILE, Settings
from tests.integration.embedded_harness import note, notes, services_in


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def open_to_others(folder: Path) -> dict[str, str]:
    """Paths in the folder, itself included, with any permission for group or world. Servers at work remove files meanwhile."""
    found = {}
    for each in [folder, *folder.rglob("*")]:
        with contextlib.suppress(FileNotFoundError):
            if not each.is_symlink() and each.stat().st_mode & 0o077:
                found[str(each)] = mode(each)
    return found


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


async def test_a_new_folder_and_all_in_it_is_its_owners_alone_while_it_runs_and_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "kept" / ".orders"
    async with services_in(folder) as services:
        await note(services, "here")
        assert (folder / "temporal.db").exists()
        assert (folder / "temporal.log").exists()
        assert (folder / "postgres.log").exists()
        assert open_to_others(folder) == {}
    assert open_to_others(folder) == {}


async def test_a_folder_that_an_earlier_version_left_open_is_closed_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / ".orders"
    async with services_in(folder) as services:
        await note(services, "first")
    folder.chmod(0o755)
    for each in folder.iterdir():
        if each.is_file():
            each.chmod(0o644)
    assert open_to_others(folder)
    async with services_in(folder) as services:
        assert await notes(services) == ["first"]
        assert open_to_others(folder) == {}


async def test_the_folder_of_the_socket_and_the_throwaway_data_are_closed_to_others() -> None:
    async with run_postgres(None, durable=False) as server:
        assert open_to_others(server.socket_dir / "data") == {}
        assert mode(server.socket_dir) == "0o700"
        connection = await asyncpg.connect(server.dsn)
        await connection.close()
    with throwaway_folder() as folder:
        assert mode(folder) == "0o700"


def test_the_file_with_the_addresses_is_its_owners_alone_in_a_folder_that_was_open(tmp_path: Path) -> None:
    folder = tmp_path / ".orders"
    folder.mkdir(mode=0o755)
    with announced(folder, Settings(), "http://127.0.0.1:8080"):
        assert (mode(folder), mode(folder / DEV_FILE)) == ("0o700", "0o600")
