"""The database's own folds say what the Python ones say, or stand back."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from typing import Any, Final

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import EVENTS
from projections import PROJECTIONS
from projections import rebuild as rebuilding
from projections.plain import plain
from projections.projection import Projection, columns
from projections.queries import Queries
from projections.rebuild import rebuild
from projections.set_fold import SetFold
from projections.table import row_of
from tests.integration.projections_harness import (
    REFUNDED,
    SHIPPED,
    drain,
    fold_of_the_log,
    foreign,
    happens,
    history,
    owner,
    projector,
    rows_of,
)
from tests.unit.projection_samples import CODEC, altered, folded, log_of
from tests.unit.test_projections_any_history import HISTORIES, STEPS, History, happened

each_projection = pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
by_generation = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, derandomize=True
)
_STREAM = "insert into eventstore.streams (name, version) values ('order-any', 1) returning stream_id"
_EVENTS = """
insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata, recorded_at)
select position, $1, position, gen_random_uuid(), type, version, data::jsonb, '{}', at
  from unnest($2::bigint[], $3::text[], $4::int[], $5::text[], $6::timestamptz[]) as e (position, type, version, data, at)"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with owner(database_url) as connection:
        yield connection


@contextlib.asynccontextmanager
async def logged(connection: asyncpg.Connection, log: Sequence[RecordedEvent]) -> AsyncIterator[list[RecordedEvent]]:
    """A log of exactly these events, gone after the block; given as the database has them: 5e17 is a whole number there."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        stream = await connection.fetchval(_STREAM)
        values = [(e.position, e.type, e.schema_version, json.dumps(e.data), e.recorded_at) for e in log]
        await connection.execute(_EVENTS, stream, *(list(column) for column in zip(*values, strict=True)))
        stored = await connection.fetch("select data from eventstore.events order by position")
        yield [altered(e, data=json.loads(data)) for e, (data,) in zip(log, stored, strict=True)]
    finally:
        await transaction.rollback()


async def rows_by_key(connection: asyncpg.Connection, projection: Projection[Any]) -> dict[Any, Any]:
    names = ", ".join(columns(projection.row))
    records = await connection.fetch(f"select {names} from projections.{projection.table}")
    return keyed(projection, [row_of(projection.row, record) for record in records])


async def take(fold: SetFold[Any], connection: asyncpg.Connection, after: int, until: int) -> bool:
    """As in a rebuild, on one connection."""
    if not await fold.plain(connection, after, until):
        return False
    try:
        async with connection.transaction():
            return await fold.fold(connection, after, until)
    except asyncpg.DataError:
        return False


def keyed(projection: Projection[Any], rows: Sequence[Any]) -> dict[Any, Any]:
    return {tuple(getattr(row, name) for name in projection.key_columns): row for row in rows}


@each_projection
@by_generation
@given(history=HISTORIES.filter(bool), size=st.integers(1, 60))
async def test_given_any_history_when_the_database_folds_it_by_stretches_then_every_column_is_as_python_has_it(
    connection: asyncpg.Connection, projection: Projection[Any], history: History, size: int
) -> None:
    log, _ = happened(history)
    if not log:
        return
    fold = SetFold(projection, projection.table, CODEC.types)
    async with logged(connection, log):
        for after in range(0, len(log), size):
            assert await take(fold, connection, after, after + size)
        assert await rows_by_key(connection, projection) == keyed(projection, folded(projection, log).rows)


ODD: Final[list[Any]] = [
    None, True, 0, -1, 1, 1.0, 1.5, 5e17, 2**63 - 1, 2**63, 10**30, "", " ", "\u3000", "x", "a b", "a/b", "ü", "x" * 129,
    "x" * 513, " x", "x\n", "EUR", "eur", "EUR\n", "true", "1", "4242424242424242", "2026-02-30T00:00:00Z",
    "2026-01-31T09:30:00Z", "2026-01-31T24:00:00Z", "2026-01-31T23:59:60Z", "0000-01-31T09:30:00Z", "2026-01-31T09:30:00.5Z",
    "2026-01-31T09:30:00.123456Z", "2026-01-31T09:30:00+02:00", "2026-01-31", [], [1], {}, {"sku": "A"}, "operator", "late",
]  # fmt: skip


# Their form is right; that there is no such day is for the fold's cast to find.
NO_SUCH_DAY: Final = ("2026-02-30T00:00:00Z", "0000-01-31T09:30:00Z")


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be changed, fields of other names and those left out included."""
    if isinstance(value, dict):
        inner = [each for key, one in value.items() for each in paths_of(one, (*path, key))]
        return inner + [
            (*path, name) for name in ("extra", "after_shipment", "postal_code", "order_id", "payment_method")
        ]
    if isinstance(value, list):
        return [(*path, 0) if value else path] + [
            each for index, one in enumerate(value) for each in paths_of(one, (*path, index))
        ]
    return [path]


@st.composite
def odd_logs(draw: st.DrawFn) -> list[RecordedEvent]:
    """The log of a history, in which some events changed, came twice or never, or in another order."""
    log, _ = happened(draw(HISTORIES))
    changed: list[RecordedEvent] = []
    for event in log:
        what = draw(st.sampled_from(["as it is"] * 12 + ["change", "drop", "remove", "twice", "version"]))
        data = deepcopy(event.data)
        path = draw(st.sampled_from(paths_of(data)))
        if what == "change":
            _at(data, path)[path[-1]] = draw(st.sampled_from(ODD))
        elif what == "remove" and isinstance(path[-1], str):
            _at(data, path).pop(path[-1], None)
        version = 2 if what == "version" else 1
        changed += [altered(event, data=data, schema_version=version)] * {"drop": 0, "twice": 2}.get(what, 1)
    if draw(st.integers(0, 5)) == 0:
        changed = draw(st.permutations(changed))
    return [altered(event, position=position) for position, event in enumerate(changed, 1)]


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        data = data[step]
    return data


@each_projection
@settings(by_generation, max_examples=400)
@given(log=odd_logs().filter(bool), size=st.integers(1, 60))
async def test_given_odd_events_when_the_database_takes_them_then_python_parks_none_and_has_the_same_rows(
    connection: asyncpg.Connection, projection: Projection[Any], log: list[RecordedEvent], size: int
) -> None:
    fold, taken = SetFold(projection, projection.table, CODEC.types), 0
    async with logged(connection, log) as stored:
        for after in range(0, len(log), size):
            if not await take(fold, connection, after, after + size):
                break
            taken = min(len(log), after + size)
        python = folded(projection, stored[:taken])
        assert python.parked == []
        assert await rows_by_key(connection, projection) == keyed(projection, python.rows)


SAMPLES: Final = [event for events in ([*history("o-1", *SHIPPED)], [*history("o-1", *REFUNDED)]) for event in events]


@pytest.mark.parametrize("sample", log_of(*SAMPLES), ids=lambda event: event.type)
async def test_given_one_odd_value_in_an_event_when_it_is_plain_then_python_decodes_it(
    connection: asyncpg.Connection, sample: RecordedEvent
) -> None:
    events = [sample]
    for path in paths_of(sample.data):
        for odd in ODD if path != ("placedAt",) else [each for each in ODD if each not in NO_SUCH_DAY]:
            data = deepcopy(sample.data)
            _at(data, path)[path[-1]] = odd
            events.append(altered(sample, data=data))
        if isinstance(path[-1], str):
            data = deepcopy(sample.data)
            _at(data, path).pop(path[-1], None)
            events.append(altered(sample, data=data))
    rows = "select $1::text as type, 1 as schema_version, data::jsonb from unnest($2::text[]) data"
    sql = f"select {plain(EVENTS, 'e')}, data from ({rows}) e"
    verdicts = await connection.fetch(sql, sample.type, [json.dumps(event.data) for event in events])
    assert verdicts[0][0]
    assert [data for good, data in verdicts if good and not decodes(altered(sample, data=json.loads(data)))] == []


def decodes(event: RecordedEvent) -> bool:
    try:
        CODEC.decode(event)
    except Exception:
        return False
    return True


async def test_given_every_kind_of_command_when_its_events_are_asked_for_then_they_are_plain(
    connection: asyncpg.Connection,
) -> None:
    log, _ = happened([(index, step) for step in STEPS for index in range(4)])
    sql = f"select bool_and({plain(EVENTS, 'e')}) from eventstore.events e"
    async with logged(connection, log):
        assert await connection.fetchval(sql)


@each_projection
async def test_given_poison_here_and_there_when_rebuilt_then_rows_and_parked_events_are_those_of_the_live_projection(
    pool: asyncpg.Pool, projection: Projection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_STRETCH", 10)
    monkeypatch.setattr(rebuilding, "_PAGE", 7)
    store = EventStore(pool, Wakeup(pool))
    for number in range(12):
        await happens(store, *history(f"o-{number}", *SHIPPED))
    await foreign(store, "order.placed", orderId="odd")
    await foreign(store, "order.confirmed", orderId="never-placed", customerId="zoe", currency="EUR", total=1)
    await foreign(store, "order.paid", schema_version=9, orderId="o-1", customerId="ada")
    for number in range(12, 24):
        await happens(store, *history(f"ö-{number}" if number == 15 else f"o-{number}", *REFUNDED))
    refund: dict[str, Any] = {
        "refundId": "r",
        "paymentId": "p",
        "amount": 2**63 - 1,
        "currency": "EUR",
        "reason": "late",
    }
    for _ in range(2):  # the dashboard's sum of them is beyond what its column holds
        await foreign(store, "order.refunded", orderId="o-2", customerId="ada", afterShipment=True, **refund)
    await happens(store, *history("last"))
    await drain(projector(pool, store, projection))
    live, parked = await rows_of(pool, projection), await parked_of(pool, projection)
    assert len(parked) >= 2
    told: list[int] = []

    await rebuild(pool, store, CODEC, projection, lambda done, _: told.append(done))

    assert await rows_of(pool, projection) == live
    assert await parked_of(pool, projection) == parked
    assert len(told) > 10
    assert told == sorted(told)


async def parked_of(pool: asyncpg.Pool, projection: Projection[Any]) -> list[tuple[int, str]]:
    return [(event.position, event.reason) for event in await Queries(pool).parked(projection.name)]


@each_projection
async def test_given_plain_events_when_rebuilt_then_the_database_folds_them_and_no_event_is_read(
    pool: asyncpg.Pool, projection: Projection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EventStore(pool, Wakeup(pool))
    await happens(store, *history("o-1", *SHIPPED), *history("o-2", *REFUNDED))
    expected = await fold_of_the_log(store, projection)
    read: list[int] = []
    reading = store.read_all

    async def listening(**options: Any) -> Any:
        page = await reading(**options)
        read.extend(event.position for event in page.events)
        return page

    monkeypatch.setattr(store, "read_all", listening)
    await rebuild(pool, store, CODEC, projection, lambda *_: None)
    assert read == []
    assert await rows_of(pool, projection) == expected
