"""A serving process of the benchmark's: `python -m bench.serving ROLE…`, and how a side runs some of them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGKILL
from typing import Final

from bootstrap import open_app
from embedded.child import Job, child
from embedded.folders import throwaway_folder
from process import run
from settings import Settings, load_settings
from telemetry import configure_logging
from temporal import connect_temporal
from worker import Role, serve

READY: Final = "ready"
_ROOT: Final = Path(__file__).resolve().parent.parent
_START_LIMIT: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Serving:
    """A process that serves. pid: of its guard, whose child it is."""

    name: str
    pid: int


@asynccontextmanager
async def serving(settings: Settings, processes: Sequence[Sequence[Role]]) -> AsyncIterator[list[Serving]]:
    """A process for each of the lists of roles, until the block is left. Raises EmbeddedError."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(throwaway_folder())
        yield [
            await stack.enter_async_context(_process(settings, roles, folder / f"{number}.log"))
            for number, roles in enumerate(processes)
        ]


@asynccontextmanager
async def _process(settings: Settings, roles: Sequence[Role], log: Path) -> AsyncIterator[Serving]:
    environment = {
        "DATABASE_URL": settings.app_database_url,
        "TEMPORAL_ADDRESS": settings.temporal_address or "",
        "ORDERS_TASK_QUEUE": settings.task_queue,
        "PYTHONPATH": str(_ROOT),
    }
    job = Job(
        name=" and ".join(roles),
        argv=(sys.executable, "-m", "bench.serving", *roles),
        log=log,
        stop=SIGKILL,  # nothing to lose: the database is thrown away, the task queue is not used again
        environment=dict(os.environ) | environment,
    )

    async def ready() -> bool:
        return READY in await asyncio.to_thread(log.read_text)

    async with child(job) as process:
        await process.ready(ready, _START_LIMIT)
        yield Serving(job.name, process.process.pid)


async def _serve(roles: Sequence[Role]) -> None:
    configure_logging("error")
    settings, ready = load_settings(), asyncio.Event()
    async with open_app(settings) as app:
        client = await connect_temporal(settings)
        printing = asyncio.create_task(_print_when_ready(ready))
        try:
            await serve(app, client, roles, ready=ready)
        finally:
            printing.cancel()


async def _print_when_ready(ready: asyncio.Event) -> None:
    await ready.wait()
    print(READY, flush=True)


if __name__ == "__main__":
    run(partial(_serve, [Role(name) for name in sys.argv[1:]]))
