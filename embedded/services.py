"""PostgreSQL and Temporal for the system, each started unless its address is given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from embedded.folders import locked_folder
from embedded.postgres import run_postgres
from embedded.temporal import NAMESPACE, TemporalServer, run_temporal

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Services:
    """Addresses of the services. ui_url: None for an external Temporal; started: names of the services started here."""

    database_url: str
    temporal_address: str
    temporal_namespace: str
    ui_url: str | None
    started: tuple[str, ...]


@asynccontextmanager
async def run_services(
    folder: Path | None,
    *,
    database_url: str | None,
    temporal_address: str | None,
    temporal_namespace: str = NAMESPACE,
    prepare: Callable[[str], Awaitable[object]] | None = None,
) -> AsyncIterator[Services]:
    """Run PostgreSQL and Temporal, except the one whose address is given.

    `folder` keeps their data, safe against a crash of the machine, for one run at a time; None is temporary
    data. `prepare` is called with the database's address as soon as it answers, while Temporal starts. EmbeddedError if a
    service cannot start, or the folder is in use.
    """
    async with AsyncExitStack() as stack:
        lock = None
        if folder and not (database_url and temporal_address):
            lock = await stack.enter_async_context(locked_folder(folder))
        dsn, temporal = await _enter_both(
            stack,
            _prepared(nullcontext(database_url) if database_url else _database(folder, lock), prepare),
            nullcontext(TemporalServer(temporal_address, temporal_namespace, ui_url=None))
            if temporal_address
            else _temporal(folder, lock, temporal_namespace),
        )
        given = {"PostgreSQL": database_url, "Temporal": temporal_address}
        started = tuple(name for name, address in given.items() if not address)
        yield Services(dsn, temporal.address, temporal.namespace, temporal.ui_url, started)


@asynccontextmanager
async def _database(folder: Path | None, lock: int | None) -> AsyncIterator[str]:
    data = folder / "postgres" if folder else None
    async with run_postgres(data, durable=folder is not None, lock=lock) as postgres:
        yield postgres.dsn


@asynccontextmanager
async def _prepared(
    database: AbstractAsyncContextManager[str], prepare: Callable[[str], Awaitable[object]] | None
) -> AsyncIterator[str]:
    async with database as dsn:
        if prepare is not None:
            await prepare(dsn)
        yield dsn


def _temporal(folder: Path | None, lock: int | None, namespace: str) -> AbstractAsyncContextManager[TemporalServer]:
    return run_temporal(folder / "temporal.db" if folder else None, namespace=namespace, lock=lock)


async def _enter_both(
    stack: AsyncExitStack, first: AbstractAsyncContextManager[A], second: AbstractAsyncContextManager[B]
) -> tuple[A, B]:
    """Enter both concurrently; if one fails, exit the other and raise the first error unchanged."""
    entering = (
        asyncio.create_task(stack.enter_async_context(first)),
        asyncio.create_task(stack.enter_async_context(second)),
    )
    try:
        return await asyncio.gather(*entering)
    except BaseException:
        for each in entering:
            each.cancel()
        await asyncio.gather(*entering, return_exceptions=True)
        raise
