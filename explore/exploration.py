"""An exploration: many concurrent sequences over one system, each failing one repeated and shrunk, then an audit."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audit import Finding, audit
from audit.report import MESSAGES
from explore.acts import perform
from explore.calm import readers_up_to_date
from explore.play import Failure, Play
from explore.remedies import Attention
from explore.sequence import Sequence
from explore.shrink import shrunk
from explore.system import Explored

AT_ONCE: Final = 16
_REPEATS: Final = 3  # at most, of a failing sequence, until it has failed a second time
_MOST_SHRUNK: Final = 12  # failures of different kinds
OnProgress = Callable[["Result"], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A failing sequence. repeated: it failed a second time; sequence: shrunk if it did, and was of a new kind."""

    seed: int
    failure: Failure
    repeated: bool
    sequence: Sequence

    def as_json(self) -> dict[str, Any]:
        return {
            "problem": self.failure.signature,
            "repeated": self.repeated,
            "boundaries": self.failure.steps.splitlines(),
            **self.sequence.as_json(),
        }


@dataclass
class Result:
    """Result of an exploration. findings: of the final audit, without those about failing sequences."""

    seed: int
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    played: int = 0
    failing: dict[int, Found] = field(default_factory=dict)
    """By seed."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def found(self) -> list[Found]:
        return list(self.failing.values())

    @property
    def a_minute(self) -> float:
        return self.played / max(self.seconds, 0.001) * 60

    @property
    def good(self) -> bool:
        return not self.failing and not self.findings


class Exploration:
    """Plays sequences over a system, at most `at_once` concurrently."""

    def __init__(self, system: Explored, *, at_once: int = AT_ONCE) -> None:
        self._system, self._attention = system, Attention(system)
        self._places = asyncio.Semaphore(at_once)
        self._failed_marks: set[str] = set()
        self._names: dict[str, str] = {}
        self._shrunk: set[str] = set()

    async def play(self, sequence: Sequence) -> Failure | None:
        """Play one sequence, with new ids."""
        async with self._places:
            return await self._play(sequence)

    async def explore(
        self, sequences: Iterable[Sequence], result: Result, on_progress: OnProgress = lambda _: None
    ) -> None:
        """Play each sequence; after a cancel the result holds the sequences played so far."""
        async with asyncio.TaskGroup() as group:
            for sequence in sequences:
                await self._places.acquire()
                group.create_task(self._one(sequence, result, on_progress))
        result.findings = await self.audit()

    async def audit(self) -> list[Finding]:
        """Audit the whole database; returns findings, except those about failing sequences.

        Only the audit finds a lost start of notify-shipment: the runbook's retry must end it.
        """
        for order_id in {each.subject for each in await self._findings() if each.check == MESSAGES}:
            await perform(self._system, order_id, "", "retry", {"heard": True}, f"explore-audit-{order_id}")
        return await self._findings()

    async def _findings(self) -> list[Finding]:
        await readers_up_to_date(self._system)
        report = await audit(self._system.app.sources(self._system.client))
        return [
            replace(each, problem=f"{each.problem} ({self._played_as(each)})")
            for each in report.findings
            if not any(mark in each.subject + each.problem for mark in self._failed_marks)
        ]

    def _played_as(self, finding: Finding) -> str:
        """Name or seed of the sequence that a finding is about."""
        about = finding.subject + finding.problem
        return next((name for mark, name in self._names.items() if mark in about), "no sequence")

    async def _one(self, sequence: Sequence, result: Result, on_progress: OnProgress) -> None:
        seed = sequence.seed
        try:
            failure = await self._play(sequence)
        finally:
            self._places.release()
        result.played += 1
        result.seconds = time.monotonic() - result.begun
        if failure is not None:
            result.failing[seed] = Found(seed, failure, False, sequence)  # kept even if the rest is interrupted
            result.failing[seed] = await self._examined(seed, sequence, failure)
        on_progress(result)

    async def examined(self, seed: int, sequence: Sequence) -> Found | None:
        """Play one sequence, repeat and shrink it if it fails; None if it ends correctly."""
        failure = await self.play(sequence)
        return await self._examined(seed, sequence, failure) if failure is not None else None

    async def _examined(self, seed: int, sequence: Sequence, failure: Failure) -> Found:
        again = await self._repeated(sequence)
        if again is None:
            return Found(seed, failure, False, sequence)
        if again.signature not in self._shrunk and len(self._shrunk) < _MOST_SHRUNK:
            self._shrunk.add(again.signature)
            sequence, again = await shrunk(sequence, again, self.play)
        return Found(seed, again, True, sequence)

    async def _repeated(self, sequence: Sequence) -> Failure | None:
        for _ in range(_REPEATS):
            if (failure := await self.play(sequence)) is not None:
                return failure
        return None

    async def _play(self, sequence: Sequence) -> Failure | None:
        play = Play(self._system, sequence, self._attention)
        self._names[play.mark] = sequence.name or f"seed {sequence.seed}"
        try:
            failure = await play.run()
        except BaseException:
            self._failed_marks.add(play.mark)
            raise
        if failure is not None:
            self._failed_marks.add(play.mark)
        return failure
