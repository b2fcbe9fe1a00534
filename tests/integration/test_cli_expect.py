"""Commands that change nothing unless the state is the one that the person has seen."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from tests.integration.cli_harness import Shell, as_lines, database, shell_for
from tests.running_system import order_data


@pytest.fixture
async def shell(
    postgres_server: Postgres, template_database: str, temporal_server: TemporalServer, tmp_path: Path
) -> AsyncIterator[Shell]:
    """A shell without a worker: an order stays placed."""
    async with database(postgres_server, template_database) as url:
        yield shell_for(tmp_path, url, temporal_server)


async def test_an_act_on_another_version_is_refused_with_the_present_one(shell: Shell) -> None:
    assert (await shell.orders("place", "-", given=as_lines(order_data("a")))).code == 0
    assert (await shell.orders("hold", "a", "--reason", "fraud suspected", "--expect", "1")).code == 0
    refusal = "the order is at version 2, placed, not 1: nothing changed\n"
    for command in (
        ("release", "a"),
        ("cancel", "a", "--reason", "x"),
        ("retry", "a", "--reason", "x"),
        ("hold", "a", "--reason", "x"),
        ("refund", "a", "--reason", "x", "--amount", "1"),
    ):
        ended = await shell.orders(*command, "--expect", "1")
        assert (ended.code, ended.out, ended.err) == (1, "", refusal), command
    assert (await shell.orders("release", "a", "--expect", "2")).out == "released, goes on from placed\n"
