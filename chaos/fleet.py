"""The worker processes: all with all roles, to be killed, stopped and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from chaos.servers import Servers
from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.child import Child, Job, child
from embedded.folders import throwaway_folder
from eventstore.lease import Lease
from settings import Settings

TASK_QUEUE: Final = "chaos"
# Minor units, and units per parcel: some orders are refused by each gateway, and so undone.
DECLINE_ABOVE: Final = 850_000
UNAVAILABLE_ABOVE: Final = 180
_START_LIMIT: Final = 180.0  # seconds; several start at once
_SHUTDOWN: Final = 5  # seconds
_ROOT: Final = Path(__file__).resolve().parent.parent
# By the lock table in memory; sessions are told apart by the name that each worker's address gives them.
_OWNER = """
select a.application_name from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid)
 where l.locktype = 'advisory' and l.granted and (l.classid::bigint << 32 | l.objid::bigint) = $1"""


@dataclass
class Worker:
    """One process, or the next one in its place. limit: seconds for its graceful stop; account: None for our own."""

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
        """kill -9."""
        if self._process is not None:
            await self._process.kill()
        await self.stop()

    async def stop(self) -> int | None:
        """SIGTERM, and wait for its graceful stop. Returns its exit code; None, and nothing done, where it does not run."""
        process, self._process = self._process, None
        await self._stack.aclose()
        return None if process is None else process.process.returncode

    @property
    def ended_by_itself(self) -> str | None:
        """Its exit code and last words where it has ended without being asked to, None where all is well."""
        if self._process is None or self._process.lives:
            return None
        return str(self._process.failure(f"ended by itself with exit code {self._process.process.returncode}"))


@dataclass(frozen=True)
class Fleet:
    """The workers, and the owner's address of the database they share."""

    workers: Sequence[Worker]
    database_url: str

    async def start(self) -> None:
        await asyncio.gather(*(worker.start() for worker in self.workers))

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    async def dispatcher_owner(self) -> Worker | None:
        """The worker that dispatches now; None while nobody does."""
        connection = await asyncpg.connect(self.database_url)
        try:
            name = await connection.fetchval(_OWNER, Lease("", f"consumer:{DISPATCHER}").key)
        finally:
            await connection.close()
        return next((worker for worker in self.workers if worker.name == name), None)

    async def revive(self) -> list[str]:
        """What a service manager does: start again what has ended by itself. Answers with what was found."""
        found = []
        for worker in self.workers:
            if (last_words := worker.ended_by_itself) is not None:
                found.append(f"{worker.name} {last_words}")
                await worker.stop()
                await worker.start()
        return found


@asynccontextmanager
async def running_fleet(servers: Servers, size: int = 2) -> AsyncIterator[Fleet]:
    """Workers with all roles, none of them there any more behind the block."""
    with throwaway_folder() as folder:
        names = [f"worker-{number}" for number in range(1, size + 1)]
        workers = [Worker(name, folder, _environment(servers, name)) for name in names]
        fleet = Fleet(workers, servers.database_url)
        try:
            await fleet.start()
            yield fleet
        finally:
            await fleet.stop()


def _environment(servers: Servers, name: str) -> dict[str, str]:
    """Ours without any setting of the system, and those of the soak."""
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
    }
