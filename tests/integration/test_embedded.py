"""The embedded servers: answers, addresses, and refusals."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from embedded import services, temporal
from embedded.errors import EmbeddedError
from embedded.folders import SOCKET_LIMIT, SOCKET_NAME
from embedded.ports import HOST, free_ports, is_free
from embedded.postgres import Postgres, run_postgres
from embedded.services import Services, run_services
from embedded.temporal import SEARCH_ATTRIBUTES, TemporalServer, run_temporal
from tests.integration.embedded_harness import note, notes, services_in, taken_port

EXPECTED_SETTINGS = {
    "server_encoding": "UTF8",
    "timezone": "UTC",
    "listen_addresses": "",
    "max_connections": "200",
    "jit": "off",
    "fsync": "off",
}


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


async def test_an_initialisation_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    async with (
        run_postgres(tmp_path / "postgres", durable=False) as postgres,
        asyncpg.create_pool(postgres.dsn, min_size=1, max_size=1) as pool,
    ):
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
    looks = iter([True])  # the first check finds the port free, although it is not
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
    async with run_services(folder, database_url=postgres_server.dsn, temporal_address="there:7233") as given:
        assert given == Services(postgres_server.dsn, "there:7233", "default", ui_url=None, started=())
        assert not folder.exists()
    async with run_services(folder, database_url=postgres_server.dsn, temporal_address=None) as given:
        assert given.started == ("Temporal",)
        assert not (folder / "postgres").exists()


async def test_the_database_is_prepared_while_temporal_starts(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = asyncio.Event()

    @asynccontextmanager
    async def started_after_the_preparation(*_: object, **__: object) -> AsyncIterator[TemporalServer]:
        async with asyncio.timeout(30):
            await prepared.wait()
        yield TemporalServer("there:7233", "default", None)

    async def prepare(dsn: str) -> None:
        assert dsn == postgres_server.dsn
        prepared.set()

    monkeypatch.setattr(services, "run_temporal", started_after_the_preparation)
    async with run_services(None, database_url=postgres_server.dsn, temporal_address=None, prepare=prepare):
        assert prepared.is_set()


async def test_an_error_of_the_preparation_is_raised_unchanged(postgres_server: Postgres) -> None:
    async def prepare(_: str) -> None:
        raise LookupError("no schema")

    with pytest.raises(LookupError, match="no schema"):
        await run_services(
            None, database_url=postgres_server.dsn, temporal_address="there:7233", prepare=prepare
        ).__aenter__()


async def test_the_data_of_another_major_version_is_refused_with_both_versions_named(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 15.*PostgreSQL 18"):
        await run_postgres(tmp_path, durable=True).__aenter__()


async def test_a_folder_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(EmbeddedError, match="not a folder of PostgreSQL"):
        await run_postgres(tmp_path, durable=True).__aenter__()
    assert os.listdir(tmp_path) == ["letter.txt"]
