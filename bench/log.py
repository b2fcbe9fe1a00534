"""A long log, made inside the server: what is measured on it is not the append."""

from typing import Final

import asyncpg
import orjson

from tests.integration.projections_harness import SHIPPED, history

EVENTS_PER_ORDER: Final = len(SHIPPED)
_STREAMS = (
    "insert into eventstore.streams (name, version) select 'order-o-' || n, $2 from generate_series(1, $1::int) n"
)
_EVENTS = """
insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata)
select nextval('eventstore.event_position'), s.stream_id, v.number, gen_random_uuid(), v.type, 1,
       replace(replace(v.body, '@order', substr(s.name, 7)), '@customer', 'c-' || s.stream_id % 5000)::jsonb, '{}'
  from eventstore.streams s cross join unnest($1::text[], $2::text[]) with ordinality v (type, body, number)
 order by s.stream_id, v.number"""


def bodies() -> list[tuple[str, str]]:
    """Type and data of each event of an order that ships; `@order` and `@customer` stand for the ids."""
    events = history("@order", *SHIPPED, customer="@customer")
    return [(each.event_type, orjson.dumps(each.model_dump(mode="json", by_alias=True)).decode()) for each in events]


async def fill(dsn: str, events: int) -> int:
    """Fill an empty log, as the owner; how many events it then has."""
    orders, samples = max(1, events // EVENTS_PER_ORDER), bodies()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_STREAMS, orders, EVENTS_PER_ORDER)
        await connection.execute(_EVENTS, [type_ for type_, _ in samples], [body for _, body in samples])
        await connection.execute("vacuum analyze eventstore.events")
        await connection.execute("vacuum analyze eventstore.streams")
    finally:
        await connection.close()
    return orders * EVENTS_PER_ORDER
