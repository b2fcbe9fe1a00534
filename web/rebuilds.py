"""Rebuilds of projections: started by this process, or running anywhere."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from eventstore.codec import Codec
from eventstore.store import EventStore
from orders.events import Event
from projections import PROJECTIONS
from projections.rebuild import rebuild, running_rebuilds
from web.known_errors import problem_of
from web.problems import NotFound

_BY_NAME: Final = {projection.name: projection for projection in PROJECTIONS}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RebuildState:
    """Progress of a rebuild, or the result of this process's last one."""

    position: int
    head: int
    state: Literal["running", "failed", "done"]
    error: str | None = None


class Rebuilds:
    """Rebuilds by projection, at most one of each at a time in the whole fleet: the database has a lock for it."""

    def __init__(self, store: EventStore, codec: Codec[Event]) -> None:
        self._store, self._codec = store, codec
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: dict[str, RebuildState] = {}

    async def start(self, name: str) -> None:
        """Start a rebuild in the background. Raises RebuildRunning, and NotFound for an unknown projection."""
        if name not in _BY_NAME:
            raise NotFound(f"there is no projection {name}")
        begun = asyncio.Event()
        task = asyncio.create_task(self._run(name, begun))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        beginning = asyncio.create_task(begun.wait())
        try:
            await asyncio.wait({task, beginning}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            beginning.cancel()
        if not begun.is_set():
            await task  # raises the error that kept it from beginning

    async def states(self) -> dict[str, RebuildState]:
        """Return the state by projection: the running rebuild of any process, else this process's last one."""
        head = await self._store.head()
        running = {
            name: RebuildState(position, max(position, head), "running")
            for name, position in (await running_rebuilds(self._store.pool, list(_BY_NAME))).items()
        }
        return self._last | running

    async def close(self) -> None:
        """Cancel the rebuilds of this process; a later one starts from the beginning."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, name: str, begun: asyncio.Event) -> None:
        position, end = 0, 0

        def on_progress(reached: int, head: int) -> None:
            nonlocal position, end
            position, end = reached, head
            begun.set()

        try:
            [built] = await rebuild(self._store.pool, self._store, self._codec, [_BY_NAME[name]], on_progress)
        except Exception as error:
            if not begun.is_set():
                raise
            _log.exception("rebuild failed", projection=name)
            problem = problem_of(error)
            self._last[name] = RebuildState(position, end, "failed", problem.detail if problem else "an internal error")
        else:
            begun.set()
            self._last[name] = RebuildState(built.position, max(built.position, end), "done")
