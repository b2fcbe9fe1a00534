"""A rebuild over many pages: one read of the log for all projections, poison parked as the live projections park it."""

import asyncio
import gc
from typing import Any

import asyncpg
import pytest

from eventstore.model import RecordedEvent
from eventstore.parking import Parking, parked_counts
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.events import OrderPaid, OrderPlaced
from projections import PROJECTIONS
from projections import rebuild as rebuilding
from projections import table as tables
from projections.customer_orders import CUSTOMER_ORDERS
from projections.daily_figures import DAILY_FIGURES
from projections.decoded_log import DecodedPage
from projections.order_dashboard import ORDER_DASHBOARD
from projections.projection import Projection
from projections.rebuild import rebuild
from projections.runner import Projector
from tests.integration.event_store_harness import eventually
from tests.integration.projections_harness import (
    DEADLINE,
    REFUNDED,
    SHIPPED,
    drain,
    fold_of_the_log,
    foreign,
    happens,
    history,
    projector,
    rows_of,
)
from tests.unit.projection_samples import CODEC

LATE: dict[str, Any] = {"refundId": "r", "paymentId": "p", "amount": 2**63 - 1, "currency": "EUR", "reason": "late"}


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


def ignored(done: int, head: int) -> None:
    """Ignore the progress."""


async def parked_of(pool: asyncpg.Pool, projection: Projection[Any]) -> list[tuple[int, str]]:
    return [(event.position, event.reason) for event in await Parking(pool, projection.name).all()]


@pytest.mark.parametrize("copied", [1, 1_000], ids=["by COPY", "by upserts"])
async def test_given_poison_here_and_there_then_a_rebuild_of_small_pages_comes_to_the_live_rows_and_parked_events(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch, copied: int
) -> None:
    monkeypatch.setattr(rebuilding, "_PAGE", 7)
    monkeypatch.setattr(tables, "_COPIED", copied)
    for number in range(12):
        await happens(store, *history(f"o-{number}", *SHIPPED, customer=f"c-{number % 3}"))
    await foreign(store, "order.placed", orderId="odd")
    await foreign(store, "order.confirmed", orderId="never-placed", customerId="zoe", currency="EUR", total=1)
    await foreign(store, "order.paid", schema_version=9, orderId="o-1", customerId="ada")
    await foreign(store, "order.held", orderId="o-1")  # of one projection alone
    for number in range(12, 24):
        await happens(store, *history(f"o-{number}", *REFUNDED, customer=f"c-{number % 3}"))
    for _ in range(2):  # the dashboard's sum exceeds its column
        await foreign(store, "order.refunded", orderId="o-2", customerId="c-2", afterShipment=True, **LATE)
    await happens(store, *history("last"))
    live = {}
    for projection in PROJECTIONS:
        await drain(projector(pool, store, projection))
        live[projection.name] = await rows_of(pool, projection), await parked_of(pool, projection)
        undecodable = sum(event in projection.events for event in (OrderPlaced, OrderPaid))
        assert len(live[projection.name][1]) >= undecodable
    assert any("out of" in reason for _, reason in live["order-dashboard"][1])
    reported: list[int] = []

    await rebuild(pool, store, CODEC, PROJECTIONS, lambda done, _: reported.append(done))

    for projection in PROJECTIONS:
        assert (await rows_of(pool, projection), await parked_of(pool, projection)) == live[projection.name]
    assert len(reported) > 10


async def test_a_rebuild_of_all_projections_reads_and_decodes_each_event_once(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_PAGE", 7)
    for number in range(6):
        await happens(store, *history(f"o-{number}", *SHIPPED, customer=f"c-{number % 2}"))
    decoded: list[int] = []
    decode = CODEC.decode

    def counting(event: RecordedEvent) -> Any:
        decoded.append(event.position)
        return decode(event)

    monkeypatch.setattr(CODEC, "decode", counting)

    await rebuild(pool, store, CODEC, PROJECTIONS, ignored)

    assert decoded == [*range(1, 25)]
    monkeypatch.undo()
    for projection in PROJECTIONS:
        assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)


async def test_events_appended_while_the_tables_are_loaded_are_in_the_rebuilt_table(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_PAGE", 2)
    await happens(store, *history("o-1", *SHIPPED))
    load = rebuilding._load

    async def load_and_append(*arguments: Any) -> None:
        await load(*arguments)
        await happens(store, *history("o-2", *SHIPPED))

    monkeypatch.setattr(rebuilding, "_load", load_and_append)
    built = await rebuild(pool, store, CODEC, PROJECTIONS, ignored)
    assert {each.position for each in built} == {8}
    for projection in PROJECTIONS:
        assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)


async def test_a_rebuild_forgets_what_was_parked_and_parks_what_is_still_poison(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    poison = await foreign(store, "order.placed", orderId="odd")
    good = await happens(store, *history("o-1"))
    for projection in PROJECTIONS:
        await drain(projector(pool, store, projection))
    await pool.execute(
        "insert into eventstore.parked (consumer, position, reason) values ('order-dashboard', $1, 'mended since')",
        good,
    )
    await rebuild(pool, store, CODEC, [ORDER_DASHBOARD], ignored)
    of_placed = [each for each in PROJECTIONS if OrderPlaced in each.events]
    for projection in of_placed:
        assert [event.position for event in await Parking(pool, projection.name).all()] == [poison]
    assert await parked_counts(pool) == {each.name: 1 for each in of_placed}


async def test_an_error_of_one_projection_ends_a_rebuild_of_all_and_leaves_nothing_open(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_PAGE", 7)
    for number in range(6):
        await happens(store, *history(f"o-{number}", *SHIPPED))
    fold_page = Projector.fold_page

    async def fails(self: Projector[Any], connection: asyncpg.Connection, old: int, page: DecodedPage) -> None:
        if self.projection is CUSTOMER_ORDERS and old:
            raise ConnectionResetError("the database is away")
        await fold_page(self, connection, old, page)
        if self.projection is DAILY_FIGURES and old:
            await asyncio.Event().wait()  # in progress when the error comes

    monkeypatch.setattr(rebuilding, "_OBJECTS", gc.get_threshold()[0] + 1)
    before = gc.get_threshold()
    with monkeypatch.context() as patched:
        patched.setattr(Projector, "fold_page", fails)
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(ConnectionResetError):
                await rebuild(pool, store, CODEC, PROJECTIONS, ignored)
    assert gc.get_threshold() == before

    async def closed() -> bool:
        sql = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"
        return int(await pool.fetchval(sql)) == 0

    await eventually("no transaction is open", closed)

    await rebuild(pool, store, CODEC, PROJECTIONS, ignored)
    for projection in PROJECTIONS:
        assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)


async def test_projections_of_a_rebuild_fold_a_page_at_the_same_time(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await happens(store, *history("o-1", *SHIPPED))
    fold_page, together = Projector.fold_page, asyncio.Barrier(len(PROJECTIONS))

    async def waits(self: Projector[Any], connection: asyncpg.Connection, old: int, page: DecodedPage) -> None:
        await together.wait()
        await fold_page(self, connection, old, page)

    with monkeypatch.context() as patched:
        patched.setattr(Projector, "fold_page", waits)
        async with asyncio.timeout(DEADLINE):
            await rebuild(pool, store, CODEC, PROJECTIONS, ignored)
    for projection in PROJECTIONS:
        assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
