"""TLS to PostgreSQL: program and migrations check the certificate, and never connect without TLS."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.migrate import MigrationFailed, _dbmate_up, dbmate_url
from tests.integration.certificates import Authority, needs_openssl
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.secured_harness import SecuredPostgres, secured_postgres
from tests.running_system import until

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def other_authority(authority: Authority) -> Authority:
    return Authority.make(authority.folder, "strangers")


@pytest.fixture(scope="module")
async def secured(postgres_server: Postgres, authority: Authority) -> AsyncIterator[SecuredPostgres]:
    async with secured_postgres(postgres_server.bin, authority) as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path, secured: SecuredPostgres, temporal_server: TemporalServer) -> Shell:
    plain = shell_for(tmp_path, secured.app, temporal_server)
    return Shell(tmp_path, plain.environment | {"DATABASE_OWNER_URL": secured.owner})


async def test_migrations_and_commands_work_over_a_connection_that_is_verified_in_full(shell: Shell) -> None:
    migrated = await shell.orders("migrate")
    assert (migrated.code, migrated.err) == (0, "")
    listed = await shell.orders("list")
    assert (listed.code, listed.err) == (0, "")


async def test_every_connection_of_a_worker_is_encrypted(shell: Shell, secured: SecuredPostgres) -> None:
    assert (await shell.orders("migrate")).code == 0
    encrypted, refused = secured.encrypted, secured.refused
    async with shell.serving("worker"):

        async def came() -> bool:
            return secured.encrypted >= encrypted + 5

        await until(came, "pool, listener and the readers' leases have come")
    assert secured.refused == refused


@pytest.mark.parametrize("command", ["migrate", "list", "worker"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_certificate_of_another_authority_or_name_is_refused(
    shell: Shell, secured: SecuredPostgres, other_authority: Authority, command: str, wrong: str
) -> None:
    changes = {"authority": other_authority.file} if wrong == "authority" else {"host": "127.0.0.1"}
    environment = {
        "DATABASE_URL": secured.address("orders", "any", **changes),
        "DATABASE_OWNER_URL": secured.address("orders_owner", "any", **changes),
    }
    ended = await Shell(shell.folder, shell.environment | environment).orders(command)
    assert ended.code == 1
    assert "certificate" in ended.err, ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_the_migrations_own_program_refuses_it_too(
    secured: SecuredPostgres, other_authority: Authority, wrong: str
) -> None:
    changes = {"authority": other_authority.file} if wrong == "authority" else {"host": "127.0.0.1"}
    url = dbmate_url(secured.address("orders_owner", "any", **changes), encrypted=True)
    with pytest.raises(MigrationFailed, match="certificate"):
        await _dbmate_up(url)


async def test_a_connection_without_tls_is_not_taken(shell: Shell, secured: SecuredPostgres) -> None:
    plain = secured.app.replace("sslmode=verify-full", "sslmode=disable")
    ended = await Shell(shell.folder, shell.environment | {"DATABASE_URL": plain}).orders("list")
    assert ended.code == 1
    assert "refuses us" in ended.err
