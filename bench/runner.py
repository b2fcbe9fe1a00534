"""Runs the sides of a part in turn, round after round, each in a process and on databases of its own."""

import asyncio
import json
import os
import statistics
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import asyncpg

from bench.parts import Part, Target
from bench.side import DATABASE, SCALE, TEMPORAL, Figures
from embedded.postgres import Postgres, run_postgres
from embedded.temporal import run_temporal
from eventstore.migrate import migrate

_LIMIT: Final = 300.0  # seconds for a side


class SideFailed(Exception):
    """A side ended badly; the message is the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, the ratio of the medians, and whether it is met."""

    target: Target
    ratio: float

    @property
    def met(self) -> bool:
        return self.ratio <= self.target.ratio if self.target.at_most else self.ratio >= self.target.ratio


@dataclass(frozen=True, slots=True)
class Compared:
    """A part's medians by side and figure, and what they say of its targets."""

    part: Part
    medians: dict[str, dict[str, float]]
    rounds: dict[str, list[dict[str, float]]]
    verdicts: list[Verdict]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        targets = [asdict(each.target) | {"measured": each.ratio, "met": each.met} for each in self.verdicts]
        return {"about": self.part.about, "medians": self.medians, "rounds": self.rounds, "targets": targets}


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that all sides share."""

    postgres: Postgres
    temporal_address: str


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """PostgreSQL and Temporal as embedded, on throwaway data."""
    async with run_postgres(None, durable=False) as postgres, run_temporal(None) as temporal:
        yield Servers(postgres, temporal.address)


async def compare(on: Servers, part: Part, rounds: int, scale: float, on_side: Callable[[str, int], None]) -> Compared:
    """Measure a part. on_side: told each side and round before it runs. Raises SideFailed."""
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in part.sides}
    for round_ in range(rounds):
        for side in list(part.sides)[:: 1 if round_ % 2 == 0 else -1]:
            on_side(side, round_ + 1)
            measured[side].append(dict(await _run(on, part.sides[side], scale)))
    medians = {side: _medians(figures) for side, figures in measured.items()}
    return Compared(part, medians, measured, [_judge(each, part, medians) for each in part.targets])


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def _judge(target: Target, part: Part, medians: dict[str, dict[str, float]]) -> Verdict:
    ours, *others = (medians[side][target.figure] for side in part.sides)
    best = min(others) if target.at_most else max(others)
    return Verdict(target, ours / best)


async def _run(on: Servers, measure: str, scale: float) -> Figures:
    async with _database(on.postgres) as dsn:
        environment = os.environ | {DATABASE: dsn, TEMPORAL: on.temporal_address, SCALE: str(scale)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.child", measure,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_LIMIT):
                out, err = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
    if process.returncode:
        raise SideFailed(f"{measure} ended with {process.returncode}: {err.decode(errors='replace')[-2000:]}")
    figures: dict[str, float] = json.loads(out.splitlines()[-1])
    return figures


@asynccontextmanager
async def _database(postgres: Postgres) -> AsyncIterator[str]:
    name = f"bench_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(postgres.dsn)
    try:
        await admin.execute(f"create database {name}")
        try:
            dsn = postgres.address(name)
            await migrate(dsn)
            yield dsn
        finally:
            await admin.execute(f"drop database {name} with (force)")
    finally:
        await admin.close()
