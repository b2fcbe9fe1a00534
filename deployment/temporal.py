"""Temporal as docker-compose.yml has it, on PostgreSQL by the set-up scripts; or the development server in its place."""

import asyncio
import random
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from deployment.ground import Ground
from deployment.postgres import Server
from embedded.child import child
from embedded.ports import HOST, is_free
from embedded.temporal import run_temporal

_START_LIMIT: Final = 180.0  # seconds
_STOP_LIMIT: Final = 30.0  # seconds, the stop_grace_period of docker-compose.yml
_SMALLINT: Final = range(20_000, 2**15)
# The server's ports beside its first, in the spelling of its own variables.
_PORTS: Final = (
    *("FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT"),
    *("MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT"),
)


def low_ports(count: int) -> list[int]:
    """Free ports for Temporal's server: on PostgreSQL it keeps those of its services as smallint."""
    return list(islice((port for port in random.sample(_SMALLINT, len(_SMALLINT)) if is_free(port)), count))


class Temporal(Protocol):
    """A server that is set up, started and stopped."""

    port: int

    async def set_up(self) -> None: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass
class BuiltServer:
    """The server of the image, built from its module. programs: their folder; database: the service temporal-postgres."""

    ground: Ground
    programs: Path
    database: Server
    port: int
    _ports: dict[str, str] = field(default_factory=lambda: dict(zip(_PORTS, map(str, low_ports(8)), strict=True)))
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def set_up(self) -> None:
        """The service temporal-schema: both databases and their tables, changed by its first run alone."""
        service = self.ground.compose.service("temporal-schema", {})
        where = {"SQL_HOST": HOST, "SQL_PORT": str(self.database.port)}
        await self.ground.once(service.name, service.arguments, {**service.environment, **where})

    async def start(self) -> None:
        """Start it and wait until its first port is open, which is its health check in docker-compose.yml."""
        service = self.ground.compose.service("temporal", {})
        database = {"POSTGRES_SEEDS": HOST, "DB_PORT": str(self.database.port)}
        here = {**self._ports, **database, "BIND_ON_IP": HOST, "FRONTEND_GRPC_PORT": str(self.port)}
        argv = (str(self.programs / "temporal-server"), "start")
        job = self.ground.job(service.name, argv, {**service.environment, **here}, signal.SIGTERM, _STOP_LIMIT)
        server = await self._stack.enter_async_context(child(job))
        await server.ready(self._listens, _START_LIMIT)

    async def stop(self) -> None:
        await self._stack.aclose()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, self.port)
        except OSError:
            return False
        writer.close()
        return True


@dataclass
class DevelopmentServer:
    """The embedded server with its data in a file: no PostgreSQL of its own, no schema to set up."""

    ground: Ground
    port: int
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def set_up(self) -> None:
        """No effect: its tables are made at its start."""

    async def start(self) -> None:
        data = self.ground.folder / "temporal" / "temporal.db"
        await self._stack.enter_async_context(run_temporal(data, ui=False, port=self.port))

    async def stop(self) -> None:
        await self._stack.aclose()


async def set_up_namespace(ground: Ground, port: int, namespace: str) -> None:
    """The service temporal-namespace: the namespace and its search attributes, changed by its first run alone."""
    service = ground.compose.service("temporal-namespace", {"temporal:7233": f"{HOST}:{port}"})
    given = {**service.environment, "TEMPORAL_NAMESPACE": namespace}
    await ground.once(f"{service.name}-{namespace}", service.arguments, given)
