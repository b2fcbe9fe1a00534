"""No statement over the read models reads more of them than its page: no sequential scan, and no sort of a whole table."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final, TypeAlias

import asyncpg
import pytest

from bench.log import fill_orders
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from projections import PROJECTIONS, statements
from projections.columns import columns
from projections.order_filter import LAST
from projections.order_pages import LAST_POSITION
from projections.rebuild import rebuild
from projections.statements import list_orders, load_rows, search_all, search_recent, upsert_rows
from tests.integration.read_model_questions import BY_HAND, DAY, QUERIES, rows_made
from tests.integration.rows_read import read_by
from tests.unit.projection_samples import CODEC

Statement: TypeAlias = tuple[str, tuple[Any, ...]]

ORDERS: Final = 4_000
MOST: Final = 500  # rows that a statement reads for its page of 50, its keys or its days
RECENT: Final = 200
READ_MODELS: Final = (
    *(f"projections.{each.table}" for each in PROJECTIONS),
    "eventstore.events",
    "eventstore.streams",
)
# A whole table by their purpose: an audit compares totals with all rows.
WHOLE: Final = {"ORDERS_BY_STATUS", "SPEND_BY_CURRENCY"}
# Definitions, not reads: a rebuild makes its table, the indexes and the swap.
MADE: Final = {"BEGIN", "INDEX", "SWAP_IN"}
FILTERS: Final[dict[str, Any]] = {
    "status": "paid",
    "customer_id": "c-7",
    "facts": "'o-77'",
    "tags": '["vip"]',
    "metadata": '{"channel": "shop"}',
}
RARE: Final = ("facts", "tags", "metadata")


_FEW: Final = """
update projections.order_dashboard set hold_reason = 'fraud?', tags = '["vip"]', metadata = '{"channel": "shop"}'
 where order_id in ('o-70', 'o-71', 'o-72')"""
_MORE_ROWS: Final = 5_000
_MORE_CUSTOMERS: Final = f"""
insert into projections.customer_orders
select 'new-' || n, 'EUR', 1, 0, 0, 0, now(), now(), 1 from generate_series(1, {_MORE_ROWS}) n"""
WITHOUT_AN_INDEX: Final = (
    "select order_id from projections.order_dashboard order by updated_at desc limit 1",
    "select count(*) from projections.order_dashboard where carrier = 'post'",
    "select customer_id from projections.customer_orders order by last_order_at desc limit 1",
)


@pytest.fixture
async def read_models(pool: asyncpg.Pool, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the application's, to read models of some thousand orders with the planner's statistics."""
    await fill_orders(database_url, ORDERS)
    await rebuild(pool, EventStore(pool, Wakeup(pool)), CODEC, PROJECTIONS, lambda *_: None)
    owner = await asyncpg.connect(database_url)
    await owner.execute(_FEW)
    await owner.execute(_MORE_CUSTOMERS)
    for each in PROJECTIONS:
        if each not in BY_HAND:
            await owner.execute(rows_made(each, _MORE_ROWS))
        await owner.execute(f"vacuum analyze projections.{each.table}")
    await owner.close()
    connection = await asyncpg.connect(database_url, server_settings={"role": "orders_app"})
    await connection.execute("set plan_cache_mode = force_generic_plan")
    yield connection
    await connection.close()


def lists() -> dict[str, Statement]:
    """Lists and searches of orders by each filter, of all times and of a period."""
    found: dict[str, Statement] = {}
    for of_period in (False, True):
        begin = (LAST_POSITION, 50, DAY, DAY + timedelta(days=365), LAST) if of_period else (LAST_POSITION, 50)
        for name in (None, *FILTERS):
            filters = () if name is None else (name,)
            parameters = (*begin, *(FILTERS[each] for each in filters))
            if name not in RARE:
                found[f"list by {name}, period: {of_period}"] = list_orders(filters, of_period), parameters
            else:
                found[f"recent by {name}, period: {of_period}"] = search_recent(filters, of_period), parameters
                found[f"all by {name}, period: {of_period}"] = search_all(filters, of_period), parameters
        sums = (*begin, "'=status:paid'", 1, 10**6)
        found[f"recent by totals, period: {of_period}"] = search_recent(("facts", "least", "most"), of_period), sums
    return found


async def tables(connection: asyncpg.Connection) -> dict[str, Statement]:
    """Rows of each projection by key, and the same rows written."""
    found: dict[str, Statement] = {}
    for each in PROJECTIONS:
        types = columns(each.row)
        rows = await connection.fetch(f"select {', '.join(types)} from projections.{each.table} limit 50")
        keys = tuple([row[name] for row in rows] for name in each.key_columns)
        found[f"load {each.name}"] = load_rows(each.table, types, each.key_columns), keys
        values = tuple([row[name] for row in rows] for name in types)
        found[f"write {each.name}"] = upsert_rows(each.table, types, each.key_columns), values
    return found


async def test_no_statement_scans_or_sorts_a_read_model(
    read_models: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "_RECENT", RECENT)
    search_recent.cache_clear()
    known = {name: (getattr(statements, name), arguments) for name, arguments in QUERIES.items()}
    cases = known | lists() | await tables(read_models)
    found = {name: await read_by(read_models, READ_MODELS, sql, given) for name, (sql, given) in cases.items()}
    search_recent.cache_clear()
    assert {name: read for name, read in found.items() if read.scans or read.rows > MOST} == {}, "each needs an index"


async def test_statements_without_an_index_are_found(read_models: asyncpg.Connection) -> None:
    read = [await read_by(read_models, READ_MODELS, sql, ()) for sql in WITHOUT_AN_INDEX]
    assert all(each.scans or each.rows > MOST for each in read)


def test_each_statement_is_read_here_or_needs_a_whole_table() -> None:
    written = {name for name, value in vars(statements).items() if name.isupper() and isinstance(value, str)}
    public, known = {name for name in written if not name.startswith("_")}, QUERIES.keys() | WHOLE | MADE
    assert public - known == set(), "give each its arguments in read_model_questions.QUERIES"
    assert known - public == set(), "no longer in projections.statements"
