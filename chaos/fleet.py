"""Worker processes with all roles, which can be killed, stopped and restarted."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from chaos.servers import Servers
from chaos.statements import LOCK_HOLDER
from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.child import Child, Job, child
from embedded.folders import throwaway_folder
from eventstore.lease import Lease
from settings import Settings

TASK_QUEUE: Final = "chaos"
# Minor units, and units per parcel: each gateway refuses some orders, which are then undone.
DECLINE_ABOVE: Final = 850_000
UNAVAILABLE_ABOVE: Final = 180
_START_LIMIT: Final = 180.0  # seconds; several start at once
_SHUTDOWN: Final = 5  # seconds
_WORKERS: Final = 2
_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass
class Worker:
    """A worker process and its restarts. limit: seconds for its graceful stop; account: user and group id, or None."""

    name: str
    folder: Path
    environment: dict[str, str]
    argv: tuple[str, ...] = (sys.executable, "-m", "worker")
    account: tuple[int, int] | None = None
    limit: float = 30
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _process: Child | None = None
    _starts: int = 0

    async def start(self) -> None:
        """Start it and wait until it serves. Raises EmbeddedError with the end of its log."""
        self._starts += 1
        log = self.folder / f"{self.name}-{self._starts}.log"
        job = Job(
            name=self.name,
            argv=self.argv,
            log=log,
            stop=signal.SIGTERM,
            limit=self.limit,
            account=self.account,
            environment=self.environment,
        )
        self._process = await self._stack.enter_async_context(child(job))

        async def serves() -> bool:
            return '"event":"serving' in log.read_text(errors="replace").replace('": "', '":"')

        await self._process.ready(serves, _START_LIMIT)

    async def kill(self) -> None:
        if self._process is not None:
            await self._process.kill()
        await self.stop()

    async def stop(self) -> int | None:
        """SIGTERM, and wait for its graceful stop. Returns its exit code; None, without effect, if it is not running."""
        process, self._process = self._process, None
        await self._stack.aclose()
        return None if process is None else process.process.returncode

    @property
    def ended_by_itself(self) -> str | None:
        """Exit code and end of the log of a process that ended without a stop; None otherwise."""
        if self._process is None or self._process.lives:
            return None
        return str(self._process.failure(f"ended by itself with exit code {self._process.process.returncode}"))


@dataclass(frozen=True)
class Fleet:
    """Workers that share a database. database_url: as its owner."""

    workers: Sequence[Worker]
    database_url: str

    async def start(self) -> None:
        await asyncio.gather(*(worker.start() for worker in self.workers))

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    async def dispatcher_owner(self) -> Worker | None:
        """The worker that owns the dispatcher; None while no worker does."""
        connection = await asyncpg.connect(self.database_url)
        try:
            name = await connection.fetchval(LOCK_HOLDER, Lease("", f"consumer:{DISPATCHER}").key)
        finally:
            await connection.close()
        return next((worker for worker in self.workers if worker.name == name), None)

    async def revive(self) -> list[str]:
        """Restart processes that ended by themselves, as a service manager does. Returns a line about each."""
        found = []
        for worker in self.workers:
            if (ending := worker.ended_by_itself) is not None:
                found.append(f"{worker.name} {ending}")
                await worker.stop()
                await worker.start()
        return found


@asynccontextmanager
async def running_fleet(servers: Servers, given: Mapping[str, str]) -> AsyncIterator[Fleet]:
    """Run workers with all roles; all are stopped at the end of the block. given: values of further settings' fields."""
    with throwaway_folder() as folder:
        names = [f"worker-{number}" for number in range(1, _WORKERS + 1)]
        workers = [Worker(name, folder, _environment(servers, name, given)) for name in names]
        fleet = Fleet(workers, servers.database_url)
        try:
            await fleet.start()
            yield fleet
        finally:
            await fleet.stop()


def _environment(servers: Servers, name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Our environment without the system's settings, plus those of the soak."""
    settings = {str(each.alias) for each in Settings.model_fields.values()}
    kept = {key: value for key, value in os.environ.items() if key not in settings and not key.startswith("TEMPORAL_")}
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "DATABASE_URL": f"{servers.database_url}&application_name={name}",
        "TEMPORAL_ADDRESS": servers.temporal_address,
        "ORDERS_TASK_QUEUE": TASK_QUEUE,
        "ORDERS_PAYMENT_DECLINE_ABOVE": str(DECLINE_ABOVE),
        "ORDERS_SHIPPING_UNAVAILABLE_ABOVE": str(UNAVAILABLE_ABOVE),
        "ORDERS_SHUTDOWN_SECONDS": str(_SHUTDOWN),
        "ORDERS_LOG_FORMAT": "json",
        **{str(Settings.model_fields[field].alias): value for field, value in given.items()},
    }
