"""Worker processes for a test, to be killed and stopped, and the system around them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client

from bootstrap import build_app
from embedded.temporal import TemporalServer
from eventstore.pool import open_pool
from settings import Settings
from tests.forked import Forked
from tests.running_system import RunningSystem, new_id, until

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 120.0  # seconds; two suffice on an idle machine
ALL_ROLES = ("worker", "dispatcher", "projector", "webhooks")
ONLY = """
import sys
from functools import partial
from process import run
from worker import Role, main
run(partial(main, [Role(name) for name in sys.argv[1:]]))
"""


@dataclass(frozen=True)
class WorkerProcess:
    """`worker.py`, running."""

    process: asyncio.subprocess.Process | Forked
    log: Path

    def logged(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """Log lines of this event with these fields."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event and fields.items() <= line.items()]

    async def logs(self, event: str, *, seconds: float = START_LIMIT, **fields: object) -> None:
        async def logged() -> bool:
            assert self.process.returncode is None, self.log.read_text()
            return bool(self.logged(event, **fields))

        await until(logged, f"{event} {fields}", seconds)

    async def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.process.kill()
        assert await self.process.wait() == -signal.SIGKILL

    async def stop(self) -> int:
        """Stop it gracefully; returns the exit code."""
        self.process.terminate()
        return await self.process.wait()


@dataclass(frozen=True)
class Fleet:
    """A system with worker processes, none of them at first."""

    system: RunningSystem
    server: TemporalServer
    folder: Path
    started: list[WorkerProcess] = field(default_factory=list)

    async def start(self, *roles: str, patched: str = "", **environment: str) -> WorkerProcess:
        """Start a process and wait until it serves; all roles by default. patched: Python that runs first."""
        log = self.folder / f"worker-{new_id()}.log"
        code = ["-c", patched + ONLY, *(roles or ALL_ROLES)] if roles or patched else ["worker.py"]
        worker = WorkerProcess(await self._run(code, log, environment), log)
        self.started.append(worker)
        await worker.logs("serving")
        return worker

    async def _run(self, code: Sequence[str], log: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
        settings = self.system.app.settings
        ours = {
            "DATABASE_URL": settings.app_database_url,
            "TEMPORAL_ADDRESS": self.server.address,
            "TEMPORAL_NAMESPACE": self.server.namespace,
            "ORDERS_TASK_QUEUE": settings.task_queue,
            "ORDERS_SHIPPING_UNAVAILABLE_ABOVE": "100",
            "ORDERS_LOG_FORMAT": "json",
        }
        with log.open("wb") as errors:
            return await asyncio.create_subprocess_exec(
                sys.executable, *code, cwd=ROOT, env={**os.environ, **ours, **environment}, stderr=errors
            )

    async def step_is_in_progress(self, order_id: str, step: str) -> None:
        """Wait until a worker runs this step of fulfill-order: its process, after Temporal's server counts it as started."""

        async def taken() -> bool:
            if await self.system.app.pool.fetchval("select bool_or(remaining > 0) from simulated.faults"):
                return False
            if "fulfill-order" not in await self.system.running(order_id):
                return False
            description = await self.system.workflow("fulfill-order", order_id).describe()
            return any(
                each.activity_type.name == step and each.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
                for each in description.raw_description.pending_activities
            )

        await until(taken, f"{step} of {order_id} is in progress")

    async def count(self, table: str, order_id: str) -> int:
        """Number of the order's rows in the gateways' ledger."""
        counted = await self.system.app.pool.fetchval(
            f"select count(*) from simulated.{table} where order_id = $1", order_id
        )
        return int(counted)

    async def published(self, topic: str) -> list[str]:
        """Order ids of the topic's messages."""
        return [event.data["subject"] async for event in self.system.app.store.stream(topic)]


@asynccontextmanager
async def fleet_of(database_url: str, server: TemporalServer, client: Client, folder: Path) -> AsyncIterator[Fleet]:
    settings = Settings(database_url=database_url, task_queue=f"test-{new_id()}")
    async with open_pool(database_url) as pool:
        fleet = Fleet(RunningSystem(build_app(settings, pool), client), server, folder)
        try:
            yield fleet
        finally:
            for worker in fleet.started:
                if worker.process.returncode is None:
                    await worker.kill()
            await fleet.system.app.close()
