"""One event at a time by message-db's own function, which takes a lock for each category of streams."""

import uuid

import asyncpg

from bench.append_rate import STREAMS, Append, connections, measures_of, rate
from bench.log import bodies
from bench.message_db import SCHEMA, scripts
from bench.side import Figures, Ground

_WRITE = f"select {SCHEMA}.write_message($1::varchar, $2::varchar, $3::varchar, $4::jsonb, '{{}}'::jsonb)"


def _writer(connection: asyncpg.Connection) -> Append:
    type_, body = bodies()[-1]

    async def write(number: int) -> None:
        await connection.fetchval(_WRITE, str(uuid.uuid4()), f"order-{number % STREAMS}", type_, body)

    return write


async def _measure(ground: Ground, count: int, at_once: int) -> Figures:
    async with connections(ground.database_url, at_once, search_path=SCHEMA, client_min_messages="warning") as opened:
        for script in await scripts():
            await opened[0].execute(script)
        return await rate(count, [_writer(connection) for connection in opened])


measure_one, measure_many = measures_of(_measure)
