"""Waits for the readers of the log to pass an order's events, and for an order to come to rest."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from explore.boundaries import Track
from explore.statements import READERS_BEHIND
from explore.system import Explored
from explore.temporal_acts import position_of, workflow_ids
from orders.ids import stream_name

PATIENCE: Final = 300.0  # seconds, on a busy machine
ENDLESS: Final = 100
"""Boundaries after which an order counts as endless: eight failing rounds, or hours of its time."""
_POLL: Final = 0.05  # seconds
_MOVING: Final = 0.12  # seconds between two checks of a moving order
_STILL: Final = 0.15  # seconds without a boundary, before Temporal is read
_BETWEEN_CHECKS: Final = 0.7  # seconds, in which an hour's pause ends three times
_HOPELESS_TASK: Final = 5  # attempts at a workflow task
_HOLD_CHECKS: Final = 6  # boundaries: three checks of a hold


@dataclass(frozen=True, slots=True)
class Run:
    """A run in Temporal. active: a step or a workflow task is in progress, so it will continue."""

    workflow_id: str
    run_id: str
    running: bool
    length: int
    active: bool


@dataclass(frozen=True, slots=True)
class _Snapshot:
    positions: tuple[int, ...]
    runs: tuple[Run, ...]


async def dispatched(system: Explored, order_id: str) -> None:
    """Wait until the dispatcher has passed the order's events."""
    await _passed(system, order_id, "dispatcher")


async def projected(system: Explored, order_id: str) -> None:
    """Wait until every reader of the log has passed the order's events."""
    await _passed(system, order_id, None)


async def readers_up_to_date(system: Explored) -> None:
    """Wait until every reader has reached the head of the log."""
    head = await system.app.store.head()
    async with asyncio.timeout(PATIENCE):
        while await system.app.pool.fetchval(READERS_BEHIND, None, head):  # noqa: ASYNC110 – the database sets no event
            await asyncio.sleep(_POLL)


async def _passed(system: Explored, order_id: str, reader: str | None) -> None:
    last = await position_of(system, order_id)
    async with asyncio.timeout(PATIENCE):
        while await system.app.pool.fetchval(READERS_BEHIND, reader, last):  # noqa: ASYNC110 – the database sets no event
            await asyncio.sleep(_POLL)


async def still(system: Explored, order_ids: Sequence[str], tracks: Sequence[Track]) -> None:
    """Wait until the orders' runs have no step or task in progress: they wait for a timer or a signal, or have ended."""
    limits = [track.passed + ENDLESS for track in tracks]
    async with asyncio.timeout(PATIENCE):
        while not _endless(tracks, limits):
            if await _now(system, order_ids, tracks) is not None:
                return
            await asyncio.sleep(_MOVING)


async def at_rest(system: Explored, order_ids: Sequence[str], tracks: Sequence[Track]) -> None:
    """Wait until the orders' runs in Temporal no longer change by themselves, or until one counts as endless."""
    limits = [track.passed + ENDLESS for track in tracks]
    before: _Snapshot | None = None
    async with asyncio.timeout(PATIENCE):
        while not _endless(tracks, limits):
            now = await _now(system, order_ids, tracks)
            running = now is not None and any(run.running for run in now.runs)
            if now is not None and (not running or (now == before and not await _waits(system, order_ids))):
                return
            before = now
            await asyncio.sleep(_MOVING if now is None else _BETWEEN_CHECKS)


async def _now(system: Explored, order_ids: Sequence[str], tracks: Sequence[Track]) -> "_Snapshot | None":
    """A snapshot of the orders that are not on hold: a run on hold retries its step periodically, without end."""
    checked = [
        (id_, track) for id_, track in zip(order_ids, tracks, strict=True) if not await _held(system, id_, track)
    ]
    if any(_moves(track) for _, track in checked):
        return None
    return await _snapshot(system, [order_id for order_id, _ in checked])


async def _held(system: Explored, order_id: str, track: Track) -> bool:
    """True if the order waits only for the end of a hold, by its last steps and its stream."""
    last = track.steps[-_HOLD_CHECKS:]
    step = last[-1].partition(" ")[2] if last else ""
    if len(last) < _HOLD_CHECKS or not {f"before {step}", f"refused {step}"}.issuperset(last):
        return False
    return (await system.app.orders.load(stream_name(order_id))).state.hold is not None


async def _waits(system: Explored, order_ids: Sequence[str]) -> bool:
    """True if an order waits for another means of payment: its deadline comes by itself, unless a person holds the order."""
    states = [(await system.app.orders.load(stream_name(order_id))).state for order_id in order_ids]
    return any(state.awaited is not None and state.hold is None for state in states)


def _moves(track: Track) -> bool:
    return bool(track.attempts) or asyncio.get_running_loop().time() - track.moved < _STILL


def _endless(tracks: Sequence[Track], limits: Sequence[int]) -> bool:
    return any(track.passed >= limit for track, limit in zip(tracks, limits, strict=True))


async def _snapshot(system: Explored, order_ids: Sequence[str]) -> "_Snapshot | None":
    """Positions of the streams, and runs; None if one is active, or changed meanwhile."""
    positions = [await position_of(system, order_id) for order_id in order_ids]
    for order_id in order_ids:
        await dispatched(system, order_id)
    found = [run for order_id in order_ids for run in await runs(system, order_id)]
    if any(run.active for run in found) or positions != [await position_of(system, id_) for id_ in order_ids]:
        return None
    return _Snapshot(tuple(positions), tuple(found))


async def runs(system: Explored, order_id: str) -> list[Run]:
    """The last run of each existing workflow of the order."""
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
