"""Runs the sides of a part in turn, round after round, each in a process and on databases of its own."""

import asyncio
import json
import os
import statistics
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import asyncpg

from bench.parts import Part, Target
from bench.processes import child_with
from bench.side import DATABASE, LEFT_OUT, PROCESSES, SCALE, TEMPORAL, Figures, LeftOut
from embedded.postgres import Postgres, run_postgres
from embedded.temporal import run_temporal
from eventstore.migrate import migrate

_TEMPORAL: Final = b"start-dev"
_POSTGRES: Final = b'bin/postgres"'


class SideFailed(Exception):
    """A side ended badly; the message is the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, the ratio of the medians or the median itself, and whether it is met."""

    target: Target
    measured: float

    @property
    def met(self) -> bool:
        return self.measured <= self.target.bound if self.target.at_most else self.measured >= self.target.bound

    def __str__(self) -> str:
        wanted = f"at {'most' if self.target.at_most else 'least'} {self.target.bound:,g} wanted"
        of = f" of {self.target.against}" if self.target.against else ""
        return f"{self.target.figure}: {self.measured:,.2f}{of}, {wanted}: {'met' if self.met else 'missed'}"


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians of a part by side and figure, verdicts on its targets, and the sides left out, with the reason."""

    part: Part
    medians: dict[str, dict[str, float]]
    rounds: dict[str, list[dict[str, float]]]
    verdicts: list[Verdict]
    left_out: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        targets = [asdict(each.target) | {"measured": each.measured, "met": each.met} for each in self.verdicts]
        return {
            "about": self.part.about, "medians": self.medians, "rounds": self.rounds, "targets": targets,
            "leftOut": self.left_out,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that all sides share. temporal_address: None where each side that needs one has a server of its own."""

    postgres: Postgres
    temporal_address: str | None
    processes: dict[str, int]  # ids, of `server` and `database`; empty on a machine without /proc


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """PostgreSQL as embedded, on throwaway data; no Temporal server."""
    async with run_postgres(None, durable=False) as postgres:
        yield Servers(postgres, None, _process("database", _POSTGRES))


@asynccontextmanager
async def _with_temporal(on: Servers, part: Part) -> AsyncIterator[Servers]:
    """With a Temporal server of the side's own: one that has served some hundred orders takes half as long again for each."""
    if on.temporal_address is not None or not part.temporal:
        yield on
        return
    async with run_temporal(None) as temporal:
        processes = on.processes | _process("server", _TEMPORAL)
        yield replace(on, temporal_address=temporal.address, processes=processes)


def _process(name: str, mark: bytes) -> dict[str, int]:
    pid = child_with(mark)
    return {} if pid is None else {name: pid}


async def compare(on: Servers, part: Part, rounds: int, scale: float, on_side: Callable[[str, int], None]) -> Compared:
    """Measure a part. on_side: called with each side and round before it runs. Raises SideFailed."""
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in part.sides}
    left_out: dict[str, str] = {}
    for round_ in range(min(rounds, part.most_rounds)):
        for side in list(part.sides)[:: 1 if round_ % 2 == 0 else -1]:
            on_side(side, round_ + 1)
            try:
                async with _with_temporal(on, part) as ready:
                    measured[side].append(dict(await _run(ready, part, side, scale)))
            except LeftOut as error:
                left_out[side] = str(error)
    medians = {side: _medians(figures) for side, figures in measured.items() if figures}
    judged = [each for each in part.targets if _is_measured(each, part, medians)]
    return Compared(part, medians, measured, [_judge(each, part, medians) for each in judged], left_out)


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def _is_measured(target: Target, part: Part, medians: dict[str, dict[str, float]]) -> bool:
    """False where a side was left out, or a process's time could not be read or was too short to count."""
    ours = target.figure in medians.get(next(iter(part.sides)), {})
    return ours and (target.against is None or bool(medians.get(target.against, {}).get(target.figure)))


def _judge(target: Target, part: Part, medians: dict[str, dict[str, float]]) -> Verdict:
    ours = medians[next(iter(part.sides))][target.figure]
    return Verdict(target, ours / medians[target.against][target.figure] if target.against else ours)


async def _run(on: Servers, part: Part, side: str, scale: float) -> Figures:
    name = f"{part.name}, {side}"
    async with _database(on.postgres) as dsn:
        addresses = {DATABASE: dsn, TEMPORAL: on.temporal_address or "", PROCESSES: json.dumps(on.processes)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.child", part.sides[side],
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=os.environ | addresses | {SCALE: str(scale)},
        )  # fmt: skip
        try:
            out, err = await asyncio.wait_for(process.communicate(), part.limit)
        except TimeoutError:
            raise SideFailed(f"{name} was not done after {part.limit:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode:
        raise SideFailed(f"{name} ended with {process.returncode}: {err.decode(errors='replace')[-2000:]}")
    answer = json.loads(out.splitlines()[-1])
    if LEFT_OUT in answer:
        raise LeftOut(answer[LEFT_OUT])
    figures: dict[str, float] = answer
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
