"""One side of a comparison: a program of its own over clean databases, which prints its figures as JSON."""

import asyncio
import itertools
import json
import os
import resource
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bench.processes import tree_cpu_seconds

Figures: TypeAlias = Mapping[str, float]
Measure: TypeAlias = Callable[["Ground"], Awaitable[Figures]]
Order: TypeAlias = Callable[[], Awaitable[str]]
"""Takes one more order from its start to its end, and answers with its id."""

Meter: TypeAlias = Callable[[], dict[str, float]]
"""Processor time so far in milliseconds, by the name of the figure that it becomes per order."""

DATABASE: Final = "BENCH_DATABASE_URL"
TEMPORAL: Final = "BENCH_TEMPORAL_ADDRESS"
SCALE: Final = "BENCH_SCALE"
PROCESSES: Final = "BENCH_PROCESSES"
LEFT_OUT: Final = "left_out"
_WARM_UP: Final = 20
_LOOK: Final = 0.01  # a smaller scale runs the code alone, as tests do: its figures mean nothing
_IN_FLIGHT: Final = 20


class LeftOut(Exception):
    """This side cannot be measured on this machine; the message is what it needs."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Ground of a side: a migrated database of its own and Temporal's address. scale: 1 is the full size."""

    database_url: str
    temporal_address: str
    scale: float

    @classmethod
    def of_environment(cls) -> "Ground":
        """As the parent process set it."""
        return cls(os.environ[DATABASE], os.environ[TEMPORAL], float(os.environ[SCALE]))

    def scaled(self, full: int, least: int = 20) -> int:
        """A number of things to do, made smaller for a quick look."""
        return max(_least(least, self.scale), int(full * self.scale))


def _least(least: int, scale: float) -> int:
    return max(2, int(least * min(1.0, scale / _LOOK)))


def _warm_up() -> int:
    return _least(_WARM_UP, float(os.environ[SCALE]))


def order_ids() -> Iterator[str]:
    """Ids that no round before has used: Temporal, which all rounds share, would know those."""
    run = uuid.uuid4().hex[:8]
    return (f"bench-{run}-{number}" for number in itertools.count())


def cpu_milliseconds() -> float:
    """This process's processor time so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


def servers_cpu() -> dict[str, float]:
    """Meter of Temporal's server and PostgreSQL with all its processes; without figures on a machine that has no /proc."""
    processes: dict[str, int] = json.loads(os.environ.get(PROCESSES, "{}"))
    return {f"{name}_cpu_ms": tree_cpu_seconds(pid) * 1000 for name, pid in processes.items()}


def own_and_servers_cpu() -> dict[str, float]:
    """Meter of this process and of the servers."""
    return {"cpu_ms_per_order": cpu_milliseconds()} | servers_cpu()


def peak_megabytes() -> float:
    """The most memory this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(values: list[float]) -> dict[str, float]:
    """p50 and p99 of durations in seconds."""
    return {"p50_ms": percentile(values, 0.5) * 1000, "p99_ms": percentile(values, 0.99) * 1000}


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Runs it beside the block and cancels it when that is left. Where it fails, so does the block, by an ExceptionGroup."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


async def run_orders(count: int, order: Callable[[], Awaitable[object]]) -> None:
    """So many orders, 20 in flight."""
    free = asyncio.Semaphore(_IN_FLIGHT)

    async def one() -> None:
        async with free:
            await order()

    await asyncio.gather(*(one() for _ in range(count)))


async def in_flight(count: int, order: Callable[[], Awaitable[object]], meter: Meter = own_and_servers_cpu) -> Figures:
    """orders_per_s and processor time per order, 20 orders in flight, after 20 that are not counted."""
    await run_orders(_warm_up(), order)
    began, before = time.perf_counter(), meter()
    await run_orders(count, order)
    return {"orders_per_s": count / (time.perf_counter() - began)} | _each(before, meter(), count)


async def times(count: int, ask: Callable[[], Awaitable[object]]) -> list[float]:
    """The seconds of each of so many calls, one after another."""
    durations = []
    for _ in range(count):
        began = time.perf_counter()
        await ask()
        durations.append(time.perf_counter() - began)
    return durations


async def one_at_a_time(count: int, order: Callable[[], Awaitable[object]]) -> Figures:
    """p50_ms and p99_ms of an order and processor time per order, after 20 that are not counted."""
    await times(_warm_up(), order)
    before = own_and_servers_cpu()
    durations = await times(count, order)
    return milliseconds(durations) | _each(before, own_and_servers_cpu(), count)


def measures_of(running: Callable[[Ground], AbstractAsyncContextManager[Order]]) -> tuple[Measure, Measure]:
    """A side's two measures, 20 in flight and one at a time, of as many orders as every other side's."""

    async def orders(ground: Ground) -> Figures:
        async with running(ground) as order:
            return await in_flight(ground.scaled(200), order)

    async def single(ground: Ground) -> Figures:
        async with running(ground) as order:
            return await one_at_a_time(ground.scaled(60), order)

    return orders, single


def _each(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    return {name: (after[name] - before[name]) / count for name in before}
