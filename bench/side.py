"""One side of a comparison: a program of its own over clean databases, which measures itself and says so in JSON."""

import asyncio
import itertools
import os
import resource
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Figures: TypeAlias = Mapping[str, float]
Measure: TypeAlias = Callable[["Ground"], Awaitable[Figures]]
DATABASE: Final = "BENCH_DATABASE_URL"
TEMPORAL: Final = "BENCH_TEMPORAL_ADDRESS"
SCALE: Final = "BENCH_SCALE"
_WARM_UP: Final = 20
_IN_FLIGHT: Final = 20


@dataclass(frozen=True, slots=True)
class Ground:
    """What a side stands on: a database of its own, migrated, and Temporal's address. scale: 1 is the full size."""

    database_url: str
    temporal_address: str
    scale: float

    @classmethod
    def of_environment(cls) -> "Ground":
        """As the parent process set it."""
        return cls(os.environ[DATABASE], os.environ[TEMPORAL], float(os.environ[SCALE]))

    def scaled(self, full: int, least: int = 20) -> int:
        """A number of things to do, made smaller for a quick look."""
        return max(least, int(full * self.scale))


def order_ids() -> Iterator[str]:
    """Ids that no round before has used: Temporal, which all rounds share, would know those."""
    run = uuid.uuid4().hex[:8]
    return (f"bench-{run}-{number}" for number in itertools.count())


def cpu_seconds() -> float:
    """This process's processor time so far, user and system, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


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


async def in_flight(count: int, order: Callable[[], Awaitable[object]]) -> Figures:
    """orders_per_s and cpu_ms_per_order of this process, 20 orders in flight, after 20 that are not counted."""
    free = asyncio.Semaphore(_IN_FLIGHT)

    async def one() -> None:
        async with free:
            await order()

    await asyncio.gather(*(one() for _ in range(_WARM_UP)))
    began, cpu = time.perf_counter(), cpu_seconds()
    await asyncio.gather(*(one() for _ in range(count)))
    seconds, used = time.perf_counter() - began, cpu_seconds() - cpu
    return {"orders_per_s": count / seconds, "cpu_ms_per_order": used / count * 1000}


async def one_at_a_time(count: int, order: Callable[[], Awaitable[object]]) -> Figures:
    """p50_ms and p99_ms of an order, after 20 that are not counted."""
    durations = []
    for _ in range(_WARM_UP + count):
        began = time.perf_counter()
        await order()
        durations.append(time.perf_counter() - began)
    return milliseconds(durations[_WARM_UP:])
