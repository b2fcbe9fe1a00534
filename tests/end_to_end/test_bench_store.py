"""The benchmark's generated store is a valid log: figures measured on an invalid one would be worthless."""

from pathlib import Path

import asyncpg
import pytest

from bench import message_db, search
from bench.growth_fill import fill_store, let_readers_skip
from bench.log import fill
from bench.parts import PARTS, Part
from bench.runner import Servers, compare
from bench.side import Ground, LeftOut
from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.checkpoints import lags
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import OrderPlaced
from projections import PROJECTIONS
from projections.queries import Queries
from tests.integration.projections_harness import fold_of_the_log, rows_of
from webhooks.endpoints import READER as WEBHOOKS

_ODD_STREAMS = """
select count(*) from eventstore.streams s
 where s.version <> (select count(*) from eventstore.events e where e.stream_id = s.stream_id)
    or s.version <> (select max(e.version) from eventstore.events e where e.stream_id = s.stream_id)"""
_SCHEMA = """
select conname, pg_get_constraintdef(oid) from pg_constraint
 where connamespace in ('eventstore'::regnamespace, 'projections'::regnamespace)
 union all
select indexname, indexdef from pg_indexes where schemaname in ('eventstore', 'projections')
 order by 1, 2"""


async def test_a_filled_log_is_as_appends_would_have_made_it(database_url: str, pool: asyncpg.Pool) -> None:
    before = await pool.fetch(_SCHEMA)
    events = await fill(database_url, 2_000)
    assert events == await pool.fetchval("select count(*) from eventstore.events")
    assert 1_500 < events < 2_500
    assert await pool.fetchval(_ODD_STREAMS) == 0
    assert await pool.fetch(_SCHEMA) == before


async def test_read_models_of_a_filled_store_equal_a_fold_of_the_log(database_url: str, pool: asyncpg.Pool) -> None:
    before = await pool.fetch(_SCHEMA)
    await fill_store(database_url, 500)
    store = EventStore(pool, Wakeup(pool))
    for projection in PROJECTIONS:
        found = await rows_of(pool, projection)
        assert found or OrderPlaced not in projection.events
        assert found == await fold_of_the_log(store, projection)
    counts = await Queries(pool).counts_by_status()
    assert counts.keys() >= {"shipped", "cancelled"}
    assert sum(counts.values()) == 500
    assert await pool.fetch(_SCHEMA) == before


async def test_readers_let_skip_have_nothing_before_them(database_url: str, pool: asyncpg.Pool) -> None:
    await fill_store(database_url, 20)
    await let_readers_skip(database_url)
    assert {lag.name: lag.events for lag in await lags(pool)} == dict.fromkeys(
        (DISPATCHER, *(each.name for each in PROJECTIONS), WEBHOOKS), 0
    )


async def test_a_store_is_filled_once_and_measured_in_each_round(
    postgres_server: Postgres, temporal_server: TemporalServer
) -> None:
    on = Servers(postgres_server, temporal_server.address, {})
    part = Part("growth", "a small store", {"1 k orders": "growth:measure_1k"})
    compared = await compare(on, part, rounds=2, scale=0.0001, on_side=lambda *_: None)
    [rounds] = compared.rounds.values()
    assert len(rounds) == 2
    assert all(value > 0 for figures in rounds for value in figures.values())
    assert rounds[0].keys() >= {target.figure for part in PARTS if part.name == "growth" for target in part.targets}


async def test_searches_are_measured_on_orders_that_they_find(database_url: str, pool: asyncpg.Pool) -> None:
    figures = await search.measure(Ground(database_url, "", 0.002))
    assert figures["slowest_p99_ms"] > 0
    kinds = search.searches(2_000)
    for kind in ("order_id", "part_of_order_id", "address", "sku", "statuses", "country", "customer"):
        assert any([(await Queries(pool).list_orders(kinds[kind]())).rows for _ in range(50)]), kind


async def test_without_npm_the_side_that_needs_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_db, "KEPT", tmp_path / "kept.tgz")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LeftOut, match="needs npm"):
        await message_db.scripts()


async def test_a_package_that_is_not_the_one_looked_at_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.tgz"
    kept.write_bytes(b"something else")
    monkeypatch.setattr(message_db, "KEPT", kept)
    with pytest.raises(ValueError, match=r"kept\.tgz is not the"):
        await message_db.scripts()
