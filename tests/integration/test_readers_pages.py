"""Pages of the log are bounded by bytes: many large events take no more memory than a few."""

import asyncio
import sys
import uuid
from pathlib import Path

import asyncpg
import pytest

from eventstore.model import NO_STREAM, NewEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import an_event
from tests.running_system import order_data

ORDERS, LINES = 250, 1_700
MOST_MEGABYTES = 64
KILOBYTES = 131


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


def large_order(order_id: str) -> NewEvent:
    line = {"sku": "TEA-1", "name": "Tea of the first flush", "quantity": 1, "unitPrice": 1500}
    data = order_data(order_id, placedAt="2026-01-02T03:04:05Z", items=[line] * LINES, total=LINES * 1500)
    return NewEvent(uuid.uuid4(), "order.placed", data)


async def test_250_orders_of_131_kilobytes_take_no_more_than_64_megabytes_above_rest(
    store: EventStore, database_url: str
) -> None:
    for number in range(ORDERS):
        await store.append(f"order-o-{number}", [large_order(f"o-{number}")], expected=NO_STREAM)
    size = await store.pool.fetchval("select avg(octet_length(data::text)) from eventstore.events")
    assert size > KILOBYTES * 1000
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.reading_large_events",
        database_url,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert await store.pool.fetchval("select count(*) from projections.order_dashboard") == ORDERS
    assert int(out.decode().splitlines()[-1]) <= MOST_MEGABYTES


async def test_a_page_ends_behind_its_bytes_and_the_next_one_goes_on(store: EventStore) -> None:
    for number in range(20):
        await store.append(f"counter-{number}", [an_event(text="x" * 1_000_000)], expected=NO_STREAM)
    page = await store.read_all(limit=1_000)
    assert 4 <= len(page.events) <= 6
    assert page.more
    seen, position = 0, 0
    while True:
        page = await store.read_all(after=position)
        seen, position = seen + len(page.events), page.position
        if not page.more:
            break
    assert seen == 20
