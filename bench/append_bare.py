"""A bare INSERT of the same row, by the same driver."""

import uuid

import asyncpg

from bench.append_rate import STREAMS, Append, connections, measures_of, rate
from bench.log import bodies
from bench.side import Figures, Ground

_TABLE = """
create table bare (position bigint generated always as identity primary key, stream text not null, version bigint not null,
    id uuid not null unique, type text not null, schema_version int not null, data jsonb not null, metadata jsonb not null,
    recorded_at timestamptz not null default now(), unique (stream, version))"""
_INSERT = """
insert into bare (stream, version, id, type, schema_version, data, metadata) values ($1, $2, $3, $4, 1, $5, '{}')
returning position"""


def _writer(connection: asyncpg.Connection) -> Append:
    type_, body = bodies()[-1]

    async def write(number: int) -> None:
        stream, version = f"order-{number % STREAMS}", 1 + number // STREAMS
        await connection.fetchval(_INSERT, stream, version, uuid.uuid4(), type_, body)

    return write


async def _measure(ground: Ground, count: int, at_once: int) -> Figures:
    async with connections(ground.database_url, at_once) as opened:
        await opened[0].execute(_TABLE)
        return await rate(count, [_writer(connection) for connection in opened])


measure_one, measure_many = measures_of(_measure)
