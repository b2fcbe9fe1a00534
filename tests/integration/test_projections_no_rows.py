"""A page whose events change no row."""

from dataclasses import replace

import asyncpg

from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from projections.customer_orders import CUSTOMER_ORDERS
from tests.integration.projections_harness import drain, happens, history, projector, rows_of


async def test_a_page_of_events_without_rows_is_passed_over(pool: asyncpg.Pool) -> None:
    store, without_rows = EventStore(pool, Wakeup(pool)), replace(CUSTOMER_ORDERS, keys=lambda event, recorded: ())
    last = await happens(store, *history("o-1"))
    consumer = projector(pool, store, without_rows)
    await drain(consumer)
    assert (await rows_of(pool, CUSTOMER_ORDERS), await consumer.position()) == ([], last)
