"""PostgreSQL and Temporal that can be stopped and restarted at the same address, on the same data."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from embedded.folders import throwaway_folder
from embedded.ports import free_ports
from embedded.postgres import Postgres, run_postgres
from embedded.temporal import TemporalServer, run_temporal

T = TypeVar("T")


class Server(Generic[T]):
    """A server that can be started and stopped repeatedly."""

    def __init__(self, run: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._run = run
        self._stack = AsyncExitStack()

    async def start(self) -> T:
        """Start it and wait until it answers. Raises EmbeddedError."""
        return await self._stack.enter_async_context(self._run())

    async def stop(self) -> None:
        """Stop it gracefully; no effect if it does not run."""
        await self._stack.aclose()


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers, running. database_url: as the owner; temporal_address: host:port."""

    postgres: Server[Postgres]
    temporal: Server[TemporalServer]
    database_url: str
    temporal_address: str


@asynccontextmanager
async def running_servers() -> AsyncIterator[Servers]:
    """Run servers that keep their data with fsync, in temporary files that are deleted at the end."""
    with throwaway_folder() as data, throwaway_folder() as socket_dir:
        postgres = Server(partial(run_postgres, data / "postgres", durable=True, socket_dir=socket_dir))
        temporal = Server(partial(run_temporal, data / "temporal.db", ui=False, port=free_ports(1)[0]))
        async with AsyncExitStack() as stack:
            for server in (postgres, temporal):
                stack.push_async_callback(server.stop)
            database_url = (await postgres.start()).dsn
            yield Servers(postgres, temporal, database_url, (await temporal.start()).address)
