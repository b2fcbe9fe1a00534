"""Start and stop of every program of ours: in order if possible, and always within a bound."""

import asyncio
import faulthandler
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, TypeVar

import structlog
import uvloop

from settings import SettingsError, load_settings

if TYPE_CHECKING:
    from temporalio.worker import Worker

T = TypeVar("T")
LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]

# Seconds after the grace time (ORDERS_SHUTDOWN_SECONDS). Steps that were cancelled at its end get the first to report it.
CANCELLED_STEPS: Final = 6.0
_AT_ONCE: Final = 1.0  # seconds, for what ends by itself without being waited for
# The process ends after these, even with work left: more than the 10 that requests to the API get, and together with the
# grace time less than docker-compose.yml waits before it kills.
MARGIN: Final = 12.0
# With PostgreSQL and Temporal of its own to stop, each of which is killed 30 s after it was asked to end.
MARGIN_WITH_SERVICES: Final = MARGIN + 60
# A blocked event loop cannot give up by itself. The watchdog ends the process this much later, so that a live loop logs first.
_BLOCKED: Final = 2.0
_GAVE_UP: Final = 1  # exit code
# New container objects after which cycles are looked for. At Python's 700 a rebuild spends a third of its CPU on that: a page
# of the log is a hundred thousand objects, none of them in a cycle.
_OBJECTS: Final = 50_000
_STDERR: Final = 2
_log = structlog.get_logger(__name__)


class StillRunning(Exception):
    """Work has not ended within its time, and is left behind: the process has to end without it. work: names it."""

    def __init__(self, work: Iterable[str]) -> None:
        self.work = tuple(work)
        super().__init__(f"still running: {', '.join(self.work)}")


def run(
    main: Callable[[], Coroutine[Any, Any, T]],
    loop_factory: LoopFactory = uvloop.new_event_loop,
    *,
    margin: float = MARGIN,
) -> T:
    """Run a program's coroutine; the one way every entry point of ours runs and leaves.

    SIGINT and SIGTERM cancel it: a program that serves returns from that, any other ends by KeyboardInterrupt. The process
    has ended ORDERS_SHUTDOWN_SECONDS and the margin later, and the margin after a second signal; with exit code 1 where
    anything had to be left running. The collection before the loop closes lets Temporal's client go while it still can:
    otherwise the interpreter sometimes aborts at exit (https://github.com/temporalio/sdk-python/issues/300).
    """

    gc.set_threshold(_OBJECTS)

    async def leave_in_order() -> T:
        task = asyncio.current_task()
        assert task is not None
        stop = _Stop(asyncio.get_running_loop(), task, _grace(), margin)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop.on_signal)
        try:
            return await main()
        except StillRunning as error:
            _give_up(error.work)
        finally:
            stop.limit(margin)
            gc.collect()
            await asyncio.sleep(0)

    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(leave_in_order())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


class _Stop:
    """The stop of a program, from the first signal on. In a signal's handler and not the loop's, which may be blocked."""

    def __init__(self, loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]", grace: float, margin: float) -> None:
        self._loop, self._task, self._grace, self._margin = loop, task, grace, margin
        self._signals = 0
        self._deadline: float | None = None
        self._giving_up: asyncio.TimerHandle | None = None

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """Stop at the first signal, and wait for work in progress; at the second, do not wait."""
        self._signals += 1
        again = self._signals > 1
        self._watch(self._margin if again else self._grace + self._margin)
        with suppress(RuntimeError):  # the loop is closed: nothing is left to cancel
            self._loop.call_soon_threadsafe(self._begin, signal.Signals(number).name, again)

    def limit(self, seconds: float) -> None:
        """Give up after so many seconds, unless that comes sooner already."""
        deadline = self._loop.time() + seconds
        if self._deadline is not None and self._deadline <= deadline:
            return
        self._watch(seconds)
        if self._giving_up is not None:
            self._giving_up.cancel()
        self._deadline = deadline
        self._giving_up = self._loop.call_at(deadline, self._give_up)

    def _begin(self, name: str, again: bool) -> None:
        _log.info("stopping", signal=name, at_once=again, grace_seconds=0 if again else self._grace)
        self.limit(self._margin if again else self._grace + self._margin)
        self._task.cancel()

    def _watch(self, seconds: float) -> None:
        """Have a thread without Python print each thread's stack and end the process, even if nothing else runs."""
        faulthandler.dump_traceback_later(seconds + _BLOCKED, exit=True, file=_STDERR)

    def _give_up(self) -> None:
        left = (each for each in asyncio.all_tasks(self._loop) if not each.done())
        _give_up(sorted({f"{_name(each)}" for each in left}))


def _name(task: "asyncio.Task[Any]") -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", coroutine))


def _grace() -> float:
    try:
        return load_settings(None).shutdown_seconds
    except SettingsError:  # the program itself reports it
        return 0.0


def _give_up(work: Iterable[str]) -> NoReturn:
    """The one place where a process ends without its interpreter: threads, tasks and Temporal's core that do not end would
    hold that up for ever, or crash it. Processes of ours that it leaves behind are stopped by their guards."""
    _log.error("stopped with work left running", running=list(work), exit_code=_GAVE_UP)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(_GAVE_UP)


@asynccontextmanager
async def running_workers(
    workers: Sequence["Worker"], grace: float, in_progress: Callable[[], Sequence[str]]
) -> AsyncIterator[None]:
    """Run Temporal workers for as long as the block runs, then stop them all at once.

    What is in flight gets the grace time, is cancelled, and gets some seconds more; a second cancel cuts that short.
    Raises StillRunning after that: Temporal's core waits without end for a database step that is retried.
    """
    for worker in workers:
        await worker.__aenter__()
    try:
        yield
    except BaseException as error:
        await _stop_workers(workers, type(error), grace + CANCELLED_STEPS, in_progress)
        raise
    await _stop_workers(workers, None, grace + CANCELLED_STEPS, in_progress)


async def _stop_workers(
    workers: Sequence["Worker"],
    left_by: type[BaseException] | None,
    seconds: float,
    in_progress: Callable[[], Sequence[str]],
) -> None:
    stopping = {asyncio.create_task(worker.__aexit__(left_by)): worker for worker in workers}
    if stopping:
        await _ended(stopping, seconds)
    if remaining := [worker.task_queue for stop, worker in stopping.items() if not stop.done()]:
        raise StillRunning(in_progress() or [f"the worker of task queue {name}" for name in remaining])
    for stop in stopping:
        await stop  # raises why a worker ended by itself


async def _ended(stopping: Iterable["asyncio.Task[Any]"], seconds: float) -> None:
    task = asyncio.current_task()
    assert task is not None
    with suppress(asyncio.CancelledError):
        if task.cancelling() < 2:
            await asyncio.wait(stopping, timeout=seconds)
            return
    with suppress(asyncio.CancelledError):
        await asyncio.wait(stopping, timeout=_AT_ONCE)
