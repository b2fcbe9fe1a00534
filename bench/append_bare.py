"""A bare INSERT of the same row, by the same driver."""

import time
import uuid

import asyncpg

from bench.log import bodies
from bench.side import Figures, Ground, milliseconds

_TABLE = """
create table bare (position bigint generated always as identity primary key, stream text not null, version bigint not null,
    id uuid not null unique, type text not null, schema_version int not null, data jsonb not null, metadata jsonb not null,
    recorded_at timestamptz not null default now(), unique (stream, version))"""
_INSERT = """
insert into bare (stream, version, id, type, schema_version, data, metadata) values ($1, $2, $3, $4, 1, $5, '{}')
returning position"""


async def measure_one(ground: Ground) -> Figures:
    """events_per_s, p50_ms and p99_ms, one at a time."""
    type_, body = bodies()[-1]
    durations = []
    connection = await asyncpg.connect(ground.database_url)
    try:
        await connection.execute(_TABLE)
        for number in range(20 + ground.scaled(5_000)):
            began = time.perf_counter()
            await connection.fetchval(
                _INSERT, f"order-{number % 10_000}", 1 + number // 10_000, uuid.uuid4(), type_, body
            )
            durations.append(time.perf_counter() - began)
    finally:
        await connection.close()
    return {"events_per_s": (len(durations) - 20) / sum(durations[20:])} | milliseconds(durations[20:])
