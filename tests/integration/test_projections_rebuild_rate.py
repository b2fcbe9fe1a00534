"""How fast a log of 100,000 events is folded anew: reported (`pytest -rP`), not asserted, as machines differ."""

import time
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import orjson
import pytest

from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from projections import PROJECTIONS
from projections.projection import Projection
from projections.rebuild import rebuild
from tests.integration.projections_harness import SHIPPED, fold_of_the_log, history, owner, rows_of
from tests.unit.projection_samples import CODEC

ORDERS: Final = 25_000
# Appended inside the server, as what is measured is not the append. Ids are made anew for each n as they refer to it.
_FILL = """
select count(eventstore.append('order-' || n, 0,
       array(select gen_random_uuid() from unnest($1::text[]) where n > 0), $1::text[],
       array(select 1 from unnest($1::text[])),
       array(select replace(replace(body, '@order', 'o-' || n), '@customer', 'c-' || n % 5000) from unnest($2::text[]) body),
       array(select '{}' from unnest($1::text[]))))
  from generate_series(1, $3::int) n"""


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
async def test_a_hundred_thousand_events_are_rebuilt(
    pool: asyncpg.Pool,
    database_url: str,
    projection: Projection[Any],
    record_property: Callable[[str, object], None],
) -> None:
    events = history("@order", *SHIPPED, customer="@customer")
    bodies = [orjson.dumps(event.model_dump(mode="json", by_alias=True)).decode() for event in events]
    await pool.execute(_FILL, [event.event_type for event in events], bodies, ORDERS)
    async with owner(database_url) as connection:  # as autovacuum would have, had the log come to be over time
        await connection.execute("analyze eventstore.events; analyze eventstore.streams")

    store, started = EventStore(pool, Wakeup(pool)), time.perf_counter()
    rebuilt = await rebuild(pool, store, CODEC, projection, lambda *_: None)
    rate = round(rebuilt.position / (time.perf_counter() - started))

    record_property("events_per_second", rate)
    print(f"{projection.name}: {rebuilt.position:,} events rebuilt, {rate:,} a second")
    assert rebuilt.position == ORDERS * len(events)
    assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
