"""A login with unnecessary rights is reported at the start and by `orders health`, without ending the process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embedded.postgres import _programs
from embedded.temporal import TemporalServer
from eventstore.migrate import migrate
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.rights_harness import Database, Deployment, database, deployment, execute

LINE = "the database's rights are insecure"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Deployment]:
    async with deployment(_programs()) as found:
        yield found


@pytest.fixture
async def migrated(server: Deployment) -> AsyncIterator[Database]:
    async with database(server) as found:
        await migrate(found.owner)
        yield found


async def rights(shell: Shell) -> dict[str, object]:
    ended = await shell.orders("health", "--json")
    [check] = [check for check in ended.document["checks"] if check["name"] == "rights"]
    assert check["ok"], "named, and not a reason to fail"
    text = await shell.orders("health")
    assert ("insecure" in text.out) is check["insecure"]
    return dict(check)


async def named(shell: Shell, command: str) -> int:
    """Number of lines about it at the start of a serving process."""
    async with shell.serving(command, ORDERS_API_ADDRESS="127.0.0.1:0"):
        return (shell.folder / f"{command}.log").read_text().count(LINE)


async def test_given_a_login_of_its_own_when_asked_then_the_application_has_only_what_it_needs(
    migrated: Database, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    shell = shell_for(tmp_path, migrated.login, temporal_server)
    check = await rights(shell)
    assert (check["insecure"], check["detail"]) == (False, "the application has only what it needs")
    for command in ("worker", "api"):
        assert await named(shell, command) == 0


@pytest.mark.parametrize("login", ["orders_owner", "postgres"])
async def test_given_one_login_for_everything_when_it_serves_then_it_is_named_once_at_the_start_and_by_health(
    migrated: Database, tmp_path: Path, temporal_server: TemporalServer, login: str
) -> None:
    shell = shell_for(tmp_path, migrated.server.address(login, migrated.name), temporal_server)
    check = await rights(shell)
    assert check["insecure"]
    assert f"the login {login} may act as the log's owner" in str(check["detail"])
    for command in ("worker", "api"):
        assert await named(shell, command) == 1


async def test_given_a_role_that_may_create_where_the_owner_comes_by_when_asked_then_it_is_named(
    migrated: Database, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    await execute(
        migrated.admin,
        "grant create on schema public to orders_app",
        f"grant create on database {migrated.name} to orders_app",
    )
    check = await rights(shell_for(tmp_path, migrated.login, temporal_server))
    assert check["detail"] == "orders_app may create in schema public; orders_app may create schemas"
