"""One side of a comparison: a program of its own over clean databases, which measures itself and says so in JSON."""

import os
import resource
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Figures: TypeAlias = Mapping[str, float]
Measure: TypeAlias = Callable[["Ground"], Awaitable[Figures]]
DATABASE: Final = "BENCH_DATABASE_URL"
TEMPORAL: Final = "BENCH_TEMPORAL_ADDRESS"
SCALE: Final = "BENCH_SCALE"


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
