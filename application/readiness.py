"""Readiness: can this process write to its database, and do the readers of the log go on?"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError

from application.migrations import missing_migrations
from application.outages import AWAY
from application.readers import readers
from application.statements import UNREADABLE_RELATIONS
from eventstore.statements import PROBE_WRITE, SEQUENCE_LAG
from eventstore.store import EventStore
from eventstore.wording import wording

STALLED_AFTER: Final = 60.0  # seconds
_LIMIT: Final = 5.0  # seconds for one examination
_RPC_LIMIT: Final = timedelta(seconds=5)
_KEPT: Final = 2.0  # seconds for which a result is reused
_NAMED: Final = 3

_SCHEMAS: Final = ("dispatcher", "eventstore", "gateways", "inventory", "projections", "simulated", "web", "webhooks")
_REFUSED_WRITES: Final = (
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InsufficientResourcesError,  # the disk is full
)


@dataclass(frozen=True, slots=True)
class Readiness:
    """problems: reasons why this process cannot do its work; none if it is ready. warnings: faults elsewhere, such as a
    reader that makes no progress, which another process would not mend."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Ready:
    """Readiness, examined at most once in two seconds for any number of callers."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._examining: asyncio.Task[Readiness] | None = None
        self._began = float("-inf")

    async def current(self) -> Readiness:
        """The latest result, or a new one."""
        if self._examining is None or time.monotonic() - self._began > _KEPT:
            self._began = time.monotonic()
            self._examining = asyncio.create_task(readiness(self._store))
        return await asyncio.shield(self._examining)


async def readiness(store: EventStore) -> Readiness:
    """Examine the database. An unreachable database is a problem, not an error."""
    try:
        async with asyncio.timeout(_LIMIT):
            if missing := await missing_migrations(store.pool):
                return Readiness((f"migrations are missing: {', '.join(missing)}",))
            return Readiness(await write_problems(store.pool), await _stalled_readers(store))
    except TimeoutError:
        return Readiness((f"the database has not answered within {_LIMIT:.0f} s",))
    except AWAY as error:
        return Readiness((f"the database is away: {wording(error)}",))
    except asyncpg.PostgresError as error:
        return Readiness((f"the database refuses: {wording(error)} (SQLSTATE {error.sqlstate})",))


async def write_problems(pool: asyncpg.Pool) -> tuple[str, ...]:
    """Reasons why a migrated database accepts no work. Raises asyncpg's errors and TimeoutError."""
    async with asyncio.timeout(_LIMIT):
        found = (await _rights(pool), await _write(pool), await _sequence(pool))
    return tuple(problem for problem in found if problem)


async def _rights(pool: asyncpg.Pool) -> str | None:
    unreadable = [row[0] for row in await pool.fetch(UNREADABLE_RELATIONS, list(_SCHEMAS))]
    if not unreadable:
        return None
    more = f" and {len(unreadable) - _NAMED} more" if len(unreadable) > _NAMED else ""
    return f"no right to read {', '.join(unreadable[:_NAMED])}{more}: restore the grants of orders_app"


async def _write(pool: asyncpg.Pool) -> str | None:
    try:
        await pool.execute(PROBE_WRITE)
    except _REFUSED_WRITES as error:
        return f"the database takes no writes: {wording(error)}"
    return None


async def _sequence(pool: asyncpg.Pool) -> str | None:
    behind = await pool.fetchval(SEQUENCE_LAG)
    if not behind:
        return None
    return f"the sequence of positions is {behind:,} behind the log: see docs/operations.md, A sequence behind the log"


async def _stalled_readers(store: EventStore) -> tuple[str, ...]:
    return tuple(
        f"the reader {each.name} is {each.events:,} events and {each.seconds:,.0f} s behind"
        for each in await readers(store)
        if each.position is not None and each.seconds > STALLED_AFTER
    )


async def worker_problems(store: EventStore, client: Client) -> tuple[str, ...]:
    """Problems of a worker: those of its database, and a Temporal that does not answer."""
    found = await readiness(store)
    try:
        await client.service_client.check_health(timeout=_RPC_LIMIT)
    except (RPCError, RuntimeError) as error:
        return (*found.problems, f"Temporal does not answer: {wording(error)}")
    return found.problems
