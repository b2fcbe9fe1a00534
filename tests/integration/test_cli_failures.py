"""Mistakes and outages: one sentence on standard error, nothing on standard output, the right exit code."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from cli import app, running
from cli.refusals import require_address
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from settings import SettingsError
from tests.integration.cli_harness import Ended, Shell, administer, database, shell_for
from tests.running_system import new_id


@pytest.fixture(scope="module")
async def shell(
    postgres_server: Postgres,
    template_database: str,
    temporal_server: TemporalServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Shell]:
    async with database(postgres_server, template_database) as url:
        yield shell_for(tmp_path_factory.mktemp("cli"), url, temporal_server)


def is_one_sentence(ended: Ended, *parts: str, code: int = 1) -> None:
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert len(ended.err.splitlines()) == 1, ended.err
    for part in parts:
        assert part in ended.err


async def test_an_order_that_is_not_there_is_said_to_be_missing(shell: Shell) -> None:
    commands = (("show", "nope"), ("timeline", "nope"), ("cancel", "nope", "--reason", "x"))
    for ended in await asyncio.gather(*(shell.orders(*arguments) for arguments in commands)):
        is_one_sentence(ended, "there is no order nope")


async def test_a_refusal_with_json_is_the_one_document_on_standard_output(shell: Shell) -> None:
    ended = await shell.orders("show", "nope", "--json")
    assert (ended.code, ended.err) == (1, "there is no order nope\n")
    assert ended.document == {
        "error": {"code": "order-not-found", "message": "there is no order nope", "orderId": "nope"}
    }


async def test_a_database_that_is_away_is_named_without_its_password(shell: Shell) -> None:
    away = "postgresql://shop:geheim@localhost:1/orders"
    ended = await shell.orders("list", DATABASE_URL=away)
    is_one_sentence(ended, "the database at localhost:1/orders cannot be reached")
    assert "geheim" not in ended.err
    is_one_sentence(await shell.orders("migrate", DATABASE_URL=away), "cannot be reached")


async def test_an_address_of_no_database_is_said_to_be_none(shell: Shell) -> None:
    ended = await shell.orders("list", DATABASE_URL="postgresql://u:geheim@localhost:port/x")
    is_one_sentence(ended, "DATABASE_URL must be like postgresql://")
    assert "geheim" not in ended.err
    for address in ("mysql://localhost/x", "localhost", "postgresql://[::1/x"):
        with pytest.raises(SettingsError):
            require_address(address)


async def test_without_any_database_it_says_how_to_get_one(tmp_path: Path) -> None:
    ended = await Shell(tmp_path, {}).orders("list")
    is_one_sentence(ended, "DATABASE_URL is not set", "orders dev")


async def test_a_setting_out_of_range_is_named(shell: Shell) -> None:
    is_one_sentence(await shell.orders("list", ORDERS_SHUTDOWN_SECONDS="-1"), "ORDERS_SHUTDOWN_SECONDS")


async def test_a_database_that_is_not_migrated_is_told_to_migrate(postgres_server: Postgres, shell: Shell) -> None:
    name = f"bare_{new_id()}"
    await administer(postgres_server, f"create database {name}")
    try:
        bare = postgres_server.address(name)
        is_one_sentence(await shell.orders("list", DATABASE_URL=bare), "orders migrate")
        applied = await shell.orders("migrate", "--json", DATABASE_URL=bare)
        assert applied.code == 0
        assert "20260101000001_event_store.sql" in applied.document["applied"]
        assert (await shell.orders("list", "--json", DATABASE_URL=bare)).document == {"orders": [], "after": None}
    finally:
        await administer(postgres_server, f"drop database {name} with (force)")


async def test_health_names_what_a_half_migrated_database_lacks(
    postgres_server: Postgres, template_database: str, shell: Shell
) -> None:
    async with database(postgres_server, template_database) as url:
        connection = await asyncpg.connect(url)
        await connection.execute("delete from public.schema_migrations where version = '20260101000005'")
        await connection.close()
        ended = await shell.orders("health", "--json", DATABASE_URL=url)
    assert ended.code == 1
    [check] = [check for check in ended.document["checks"] if not check["ok"]]
    assert (check["name"], check["detail"]) == ("migrations", "missing 20260101000005: run `orders migrate`")


async def test_a_worker_without_temporal_says_so(shell: Shell) -> None:
    ended = await shell.orders("worker", TEMPORAL_ADDRESS="localhost:1")
    is_one_sentence(ended, "Temporal does not answer at localhost:1")


async def test_what_a_killed_dev_left_behind_is_said_to_be_stale(tmp_path: Path) -> None:
    services = tmp_path / ".orders" / "services.json"
    services.parent.mkdir()
    services.write_text(json.dumps({"database_url": "postgresql://x@localhost:1/orders", "temporal_address": "h:1"}))
    ended = await Shell(tmp_path, {}).orders("list")
    is_one_sentence(ended, "localhost:1/orders", "the `orders dev` that wrote it has ended")


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "a/b"),
        ("show", "a b"),
        ("list", "--status", "lost"),
        ("list", "--limit", "0"),
        ("list", "--after", "99999999999999999999"),
        ("release", "x", "--expect", "99999999999999999999"),
        ("inventory", "set", "A", "99999999999999999999"),
        ("inventory", "adjustments", "--after", "99999999999999999999"),
        ("customers", "--after", "nonsense"),
        ("attention", "--after", "nonsense"),
        ("figures", "--zone", "nowhere"),
        ("cancel", "x"),
        ("cancel", "x", "--reason", "y", "--by", "nobody"),
        ("inventory", "set", "A", "-1"),
        ("inventory", "set", "A", "+1"),
        ("inventory", "set", "A", "1", "--expect", "+1"),
        ("inventory", "adjust", "A", "1", "--reason", "x"),
        ("inventory", "adjust", "A", "+0", "--reason", "x"),
        ("inventory", "adjust", "A", "-5"),
        ("inventory", "restock", "o", "A", "--refund-id", "r", "--reason", "x"),
        ("inventory", "restock", "o", "A=1", "A=2", "--refund-id", "r", "--reason", "x"),
        ("projections", "rebuild", "nonsense"),
        ("dispatcher", "retry"),
        ("dispatcher", "retry", "1", "--all"),
        ("worker", "--role", "cook"),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_a_usage_mistake_exits_2_before_anything_is_asked(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ran(*_: object, **__: object) -> None:
        raise AssertionError("the command has run")

    monkeypatch.setattr(running, "run", ran)
    with pytest.raises(SystemExit) as left:
        app(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().out == ""


async def test_a_file_that_is_not_there_is_named(shell: Shell) -> None:
    commands = (("place", "no-file"), ("inventory", "import", "no-file"))
    for ended in await asyncio.gather(*(shell.orders(*arguments) for arguments in commands)):
        is_one_sentence(ended, "no-file cannot be read: No such file or directory")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_a_worker_in_order(shell: Shell, number: signal.Signals) -> None:
    async with shell.serving("worker", "--role", "worker", "--role", "projector") as process:
        process.send_signal(number)
        assert await process.wait() == 0
    log = (shell.folder / "worker.log").read_text()
    assert '"serving"' in log
    assert "Traceback" not in log
