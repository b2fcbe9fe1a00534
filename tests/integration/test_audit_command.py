"""`orders audit` for people and scripts."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import asyncpg
import orjson
import pytest
from asyncpg.pool import PoolConnectionProxy

from audit import last_audit
from audit.report import CLAIMS
from cli.audit import prove_books
from embedded.temporal import TemporalServer
from telemetry.state import database_state
from tests.integration.audit_harness import Books, opened_books


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool) as opened:
        yield opened


async def _orders(books: Books, temporal: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from cli import main; main()", *arguments),
        env={**os.environ, "DATABASE_URL": books.app.settings.app_database_url, "TEMPORAL_ADDRESS": temporal},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_books_that_hold_are_a_line_per_check_and_exit_code_0(
    books: Books, temporal_server: TemporalServer
) -> None:
    await books.shipped("o-1")
    await books.project()
    code, out, err = await _orders(books, temporal_server.address, "audit")
    assert (code, err) == (0, "")
    assert [line[:2] for line in out.splitlines()] == ["✓ "] * len(CLAIMS) + ["Th"]
    assert "(1 orders, 4 events)" in out
    assert out.endswith("The books hold.\n")


async def test_books_that_do_not_hold_exit_with_1_and_show_the_first_fifty_findings(
    books: Books, temporal_server: TemporalServer
) -> None:
    for number in range(60):
        await books.reserve(f"ghost-{number:02}", 1)
    code, out, _ = await _orders(books, temporal_server.address, "audit")
    assert code == 1
    assert out.count("✗") == 1
    assert out.count("no such order was ever placed") == 50
    assert "and 10 more" in out
    assert out.endswith("The books do not hold: 60 findings.\n")


async def test_json_is_one_document_with_every_finding(books: Books, temporal_server: TemporalServer) -> None:
    for number in range(60):
        await books.reserve(f"ghost-{number:02}", 1)
    code, out, _ = await _orders(books, temporal_server.address, "audit", "--json")
    document = orjson.loads(out)
    assert code == 1
    assert document["holds"] is False
    assert len(document["findings"]) == 60


async def test_its_outcome_is_recorded_and_the_end_of_the_last_one_that_held_stays_when_a_later_one_does_not(
    books: Books,
) -> None:
    pool = books.app.pool
    assert await last_audit(pool) is None
    await books.reserve("ghost", 1)
    await prove_books(books.app.sources(None))
    first = await last_audit(pool)
    assert first is not None
    assert (first.findings, first.held_at) == (1, None)
    async with pool.acquire() as connection:
        assert await gauges(connection) == {
            "orders_audit_timestamp_seconds": first.ended_at.timestamp(),
            "orders_audit_findings": 1,
        }

    await books.app.stock.release("ghost")
    await prove_books(books.app.sources(None))
    second = await last_audit(pool)
    assert second is not None
    assert second.held_at == second.ended_at > first.ended_at
    assert second.findings == 0

    await books.reserve("another-ghost", 1)
    await prove_books(books.app.sources(None))
    third = await last_audit(pool)
    assert third is not None
    assert (third.findings, third.held_at) == (1, second.held_at)
    assert third.ended_at > second.ended_at
    async with pool.acquire() as connection:
        assert await gauges(connection) == {
            "orders_audit_timestamp_seconds": third.ended_at.timestamp(),
            "orders_audit_held_timestamp_seconds": second.ended_at.timestamp(),
            "orders_audit_findings": 1,
        }


async def gauges(connection: PoolConnectionProxy) -> dict[str, float]:
    found = await database_state(connection)  # type: ignore[arg-type] # a proxy of it
    return {each.name: each.value for family in found for each in family.samples if "_audit_" in each.name}


async def test_an_outcome_that_cannot_be_recorded_is_a_sentence_beside_the_proof(
    books: Books, temporal_server: TemporalServer
) -> None:
    await books.owner.execute("revoke update on eventstore.last_audit from orders_app")
    code, out, err = await _orders(books, temporal_server.address, "audit")
    assert (code, out.splitlines()[-1]) == (0, "The books hold.")
    assert err.startswith("the outcome is not recorded, so metrics and alerts do not know of it: permission denied")
    assert len(err.splitlines()) == 1


async def test_without_temporal_the_audit_goes_on_and_says_so(books: Books) -> None:
    await books.shipped("o-1")
    await books.project()
    code, out, _ = await _orders(books, "127.0.0.1:1", "audit")
    assert code == 0
    assert "Temporal is not reachable" in out


async def test_control_characters_in_a_finding_do_not_reach_the_terminal(
    books: Books, temporal_server: TemporalServer
) -> None:
    await books.append_raw("order-\x1b[2J", "order.exploded", {})
    code, out, _ = await _orders(books, temporal_server.address, "audit")
    assert code == 1
    assert "\x1b" not in out
    assert "\\u001b[2J" in out
