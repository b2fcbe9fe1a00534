"""Step boundaries: every attempt at an activity of an explored order stops before and after its effect, and executes the
acts of a sequence there. The interleaving then depends on the sequence, not on the machine."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows.options import GATEWAY_RETRY

OnBoundary = Callable[[int], Awaitable["str | None"]]
"""Performs the acts of a boundary, by its number; returns `kill` or `zombie` if the attempt is lost there."""


class Track:
    """Progress of one order. passed: number of boundaries so far; moved: loop time of the last one."""

    def __init__(self, on_boundary: OnBoundary) -> None:
        self.passed = 0
        self.attempts = 0
        """Attempts that have begun and not ended."""
        self.moved = asyncio.get_running_loop().time()
        self.steps: list[str] = []
        self._zombies: list[tuple[int, asyncio.Event]] = []
        self._on_boundary = on_boundary
        self._one_at_a_time = asyncio.Lock()

    async def cross(self, step: str) -> str | None:
        async with self._one_at_a_time:
            number, self.passed = self.passed, self.passed + 1
            self.steps.append(step)
            self.moved = asyncio.get_running_loop().time()
            lost = await self._on_boundary(number)
            for due, wakes in self._zombies:
                if due <= number:
                    wakes.set()
            return lost

    def rise_after(self, boundaries: int) -> asyncio.Event:
        """An event that is set after that many further boundaries, or by `wake_all`."""
        wakes = asyncio.Event()
        self._zombies.append((self.passed + boundaries, wakes))
        return wakes

    def wake_all(self) -> None:
        for _, wakes in self._zombies:
            wakes.set()


class Boundaries(Interceptor):
    """Stops activities at their boundaries. tracks: by order id; activities of other orders pass. zombies: attempts that
    the server considers lost and that have their effect later. zombie_delays: by order id, the number of boundaries
    that the next zombie waits."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.zombies: defaultdict[str, list[asyncio.Task[Any]]] = defaultdict(list)
        self.zombie_delays: dict[str, int] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Bounded(next, self)


class _Bounded(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, boundaries: Boundaries) -> None:
        super().__init__(next)
        self._boundaries = boundaries

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        [argument] = input.args
        order_id: str = getattr(argument, "order", argument).order_id
        track = self._boundaries.tracks.get(order_id)
        if track is None:
            return await super().execute_activity(input)
        track.attempts += 1
        try:
            return await self._attempts(track, order_id, input)
        finally:
            track.attempts -= 1

    async def _attempts(self, track: Track, order_id: str, input: ExecuteActivityInput) -> Any:
        """A round of attempts in the worker, because the server takes a second between two. Stops if the run has ended, as
        the server does."""
        most = 1 if activity.info().is_local else GATEWAY_RETRY.maximum_attempts
        for number in range(1, most + 1):
            try:
                return await self._attempt(track, order_id, input)
            except ApplicationError as failure:
                if failure.non_retryable or number == most or not await _run_is_open():
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, track: Track, order_id: str, input: ExecuteActivityInput) -> Any:
        step = activity.info().activity_type
        match await track.cross(f"before {step}"):
            case "kill":
                raise _lost_attempt()
            case "zombie":
                self._leave_behind(track, order_id, input)
                raise _lost_attempt()
        try:
            answer = await super().execute_activity(input)
        except ApplicationError:
            if await track.cross(f"refused {step}"):
                raise _lost_attempt() from None
            raise
        if await track.cross(f"after {step}"):
            raise _lost_attempt()
        return answer

    def _leave_behind(self, track: Track, order_id: str, input: ExecuteActivityInput) -> None:
        wakes = track.rise_after(self._boundaries.zombie_delays.pop(order_id, 3))

        async def rise() -> None:
            await wakes.wait()
            try:
                await super(_Bounded, self).execute_activity(input)
            except ApplicationError:
                return

        self._boundaries.zombies[order_id].append(asyncio.create_task(rise()))


def _lost_attempt() -> ApplicationError:
    return ApplicationError("the worker was killed", type="WorkerKilled")


async def _run_is_open() -> bool:
    info = activity.info()
    assert info.workflow_id is not None
    handle = activity.client().get_workflow_handle(info.workflow_id, run_id=info.workflow_run_id)
    return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
