"""Waiting: until the readers of the log have passed an order's events, and until an order has come to rest."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from explore.boundaries import Track
from explore.system import Explored
from explore.temporal_acts import position_of, workflow_ids
from orders.ids import stream_name

PATIENCE: Final = 300.0  # seconds, on a machine that is busy with other things
ENDLESS: Final = 100
"""Boundaries after which an order is taken for one that does not come to rest: eight failing rounds, or hours of its time."""
_POLL: Final = 0.05  # seconds
_MOVING: Final = 0.12  # seconds until an order that moves is looked at again
_STILL: Final = 0.15  # seconds without a boundary, before Temporal is asked
_BETWEEN_LOOKS: Final = 0.7  # seconds, in which an hour's pause ends three times
_HOPELESS_TASK: Final = 5  # attempts at a workflow task
_LOOKS_AT_A_HOLD: Final = 6  # boundaries: three looks

# By the primary key of subscriptions.
_BEHIND: Final = (
    "select count(*) from eventstore.subscriptions s where ($1::text is null or s.name = $1) and s.position < $2"
)


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow as Temporal has it. active: it has a step or a task under way, by which it will go on."""

    workflow_id: str
    run_id: str
    running: bool
    length: int
    active: bool


@dataclass(frozen=True, slots=True)
class _Look:
    positions: tuple[int, ...]
    runs: tuple[Run, ...]


async def dispatched(system: Explored, order_id: str) -> None:
    """Wait until the dispatcher has passed the order's events."""
    await _passed(system, order_id, "dispatcher")


async def projected(system: Explored, order_id: str) -> None:
    """Wait until every reader of the log has passed them."""
    await _passed(system, order_id, None)


async def readers_up_to_date(system: Explored) -> None:
    """Wait until every reader of the log has passed all of it."""
    head = await system.app.store.head()
    async with asyncio.timeout(PATIENCE):
        while await system.app.pool.fetchval(_BEHIND, None, head):  # noqa: ASYNC110 – the database sets no event
            await asyncio.sleep(_POLL)


async def _passed(system: Explored, order_id: str, reader: str | None) -> None:
    last = await position_of(system, order_id)
    async with asyncio.timeout(PATIENCE):
        while await system.app.pool.fetchval(_BEHIND, reader, last):  # noqa: ASYNC110 – the database sets no event
            await asyncio.sleep(_POLL)


async def still(system: Explored, order_ids: Sequence[str], tracks: Sequence[Track]) -> None:
    """Wait until the orders' runs have no step or task under way: they wait for a timer or a signal, or have ended."""
    limits = [track.passed + ENDLESS for track in tracks]
    async with asyncio.timeout(PATIENCE):
        while not _endless(tracks, limits):
            if await _now(system, order_ids, tracks) is not None:
                return
            await asyncio.sleep(_MOVING)


async def at_rest(system: Explored, order_ids: Sequence[str], tracks: Sequence[Track]) -> None:
    """Wait until nothing more will happen to the orders by itself, by what Temporal has of their runs; or until one is
    found to go on without end."""
    limits = [track.passed + ENDLESS for track in tracks]
    before: _Look | None = None
    async with asyncio.timeout(PATIENCE):
        while not _endless(tracks, limits):
            now = await _now(system, order_ids, tracks)
            if now is not None and (now == before or not any(run.running for run in now.runs)):
                return
            before = now
            await asyncio.sleep(_MOVING if now is None else _BETWEEN_LOOKS)


async def _now(system: Explored, order_ids: Sequence[str], tracks: Sequence[Track]) -> "_Look | None":
    """A look at the orders that are not on hold: a run tries a step that a hold refuses from time to time, without end."""
    asked = [(id_, track) for id_, track in zip(order_ids, tracks, strict=True) if not await _held(system, id_, track)]
    if any(_moves(track) for _, track in asked):
        return None
    return await _look(system, [order_id for order_id, _ in asked])


async def _held(system: Explored, order_id: str, track: Track) -> bool:
    """Whether a hold is all that the order waits for, by its last steps and its stream."""
    last = track.steps[-_LOOKS_AT_A_HOLD:]
    step = last[-1].partition(" ")[2] if last else ""
    if len(last) < _LOOKS_AT_A_HOLD or not {f"before {step}", f"refused {step}"}.issuperset(last):
        return False
    return (await system.app.orders.load(stream_name(order_id))).state.hold is not None


def _moves(track: Track) -> bool:
    return bool(track.attempts) or asyncio.get_running_loop().time() - track.moved < _STILL


def _endless(tracks: Sequence[Track], limits: Sequence[int]) -> bool:
    return any(track.passed >= limit for track, limit in zip(tracks, limits, strict=True))


async def _look(system: Explored, order_ids: Sequence[str]) -> "_Look | None":
    """The streams' positions and the runs; None while something moves, or moved during the look."""
    positions = [await position_of(system, order_id) for order_id in order_ids]
    for order_id in order_ids:
        await dispatched(system, order_id)
    found = [run for order_id in order_ids for run in await runs(system, order_id)]
    if any(run.active for run in found) or positions != [await position_of(system, id_) for id_ in order_ids]:
        return None
    return _Look(tuple(positions), tuple(found))


async def runs(system: Explored, order_id: str) -> list[Run]:
    """The last run of each of the order's workflows, where there is one."""
    found = [await _run(system, id_) for id_ in await workflow_ids(system, order_id)]
    return [run for run in found if run is not None]


async def _run(system: Explored, workflow_id: str) -> Run | None:
    try:
        described = await system.client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    raw, running = described.raw_description, described.status is WorkflowExecutionStatus.RUNNING
    task = raw.HasField("pending_workflow_task") and raw.pending_workflow_task.attempt <= _HOPELESS_TASK
    active = running and (task or bool(raw.pending_activities))
    return Run(workflow_id, described.run_id or "", running, described.history_length, active)
