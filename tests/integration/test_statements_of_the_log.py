"""No statement over the log reads more of it than its page: no sequential scan, and no sort of all events."""

import asyncpg
import pytest

from bench.log import fill_orders
from bench.log_statements import PAGE, LogStatements
from tests.integration.rows_read import read_by

ORDERS = 1_500
LOG = ("eventstore.events", "eventstore.streams")
_SORTED_BY_ITS_AGE = "select position from eventstore.events order by recorded_at desc limit 1"
_OF_A_TYPE = "select count(*) from eventstore.events where type = 'order.placed'"


@pytest.fixture
async def log(database_url: str) -> asyncpg.Connection:
    """A connection as the application's, to a log of some thousand events with the planner's statistics."""
    await fill_orders(database_url, ORDERS)
    connection = await asyncpg.connect(database_url, server_settings={"role": "orders_app"})
    await connection.execute("set plan_cache_mode = force_generic_plan")
    return connection


async def test_no_statement_scans_or_sorts_the_log(log: asyncpg.Connection) -> None:
    head = int(await log.fetchval("select eventstore.settled()"))
    assert head > 10 * PAGE
    known = LogStatements(ORDERS, head)
    found = {
        name: await read_by(log, LOG, sql, arguments())
        for name, (sql, arguments) in (known.reads() | known.writes()).items()
    }
    # A page is read with the stream of each of its events; a page of some types leaves out events on the way to its end.
    assert {name: read for name, read in found.items() if read.scans or read.rows > 5 * PAGE} == {}
    await log.close()


@pytest.mark.parametrize("sql", [_SORTED_BY_ITS_AGE, _OF_A_TYPE])
async def test_a_statement_without_an_index_is_found(log: asyncpg.Connection, sql: str) -> None:
    read = await read_by(log, LOG, sql, ())
    assert read.scans or read.rows > 5 * PAGE
    await log.close()
