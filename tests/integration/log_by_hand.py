"""Inserts events that no program of ours writes, as the log's owner."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from tests.integration.event_store_harness import connected
from tests.running_system import order_data

_INSERT = """
with stream as (
    insert into eventstore.streams (name, version) values ($1, 1)
        on conflict (name) do update set version = eventstore.streams.version + 1 returning stream_id, version)
insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata, recorded_at)
select nextval('eventstore.event_position'), stream_id, version, $2, $3, 1, $4::text::jsonb, $5::text::jsonb,
       coalesce($6::text::timestamptz, clock_timestamp()) from stream
returning position"""


@dataclass(frozen=True)
class ByHand:
    """JSON and time of an event, as text."""

    data: str
    metadata: str = "{}"
    recorded_at: str | None = None


def placed(order_id: str, **extra: Any) -> str:
    """Data of an order.placed with further fields."""
    return orjson.dumps(order_data(order_id, placedAt="2026-01-02T03:04:05Z", **extra)).decode()


def with_raw(order_id: str, raw: str, field: str = "extra") -> str:
    """Data of an order.placed, with JSON in a field that no encoder of ours writes."""
    return f'{placed(order_id)[:-1]}, "{field}": {raw}}}'


async def insert(
    database_url: str, order_id: str, event: ByHand, event_type: str = "order.placed", *, stream: str = ""
) -> int:
    """Insert an event at the end of the log, in the order's stream or another; returns its position."""
    async with connected(database_url) as owner:
        arguments = (stream or f"order-{order_id}", uuid4(), event_type, event.data, event.metadata, event.recorded_at)
        return int(await owner.fetchval(_INSERT, *arguments))
