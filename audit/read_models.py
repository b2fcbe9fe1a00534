"""Each read model against a fold of the log, row for row, at the position its own checkpoint names; and its totals."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, Final
from zlib import crc32

import asyncpg

from audit.report import READ_MODELS, Finding
from audit.totals import total_faults
from eventstore.checkpoints import position_of
from eventstore.connection import pooled
from eventstore.parking import Parking
from open_work.sources import Sources
from projections.columns import columns, row_of
from projections.decoded_log import DecodedLog
from projections.fold import Addressed, Parked, fold
from projections.projection import Key, Projection

# Rows of a read model that are held in memory at once; the log is read once for each such part of the rows.
PART: Final = 100_000
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Compared:
    """Result for a read model: the position it was compared at, its number of rows, its findings."""

    projection: str
    position: int
    rows: int
    findings: list[Finding]


async def audit_projection(sources: Sources, projection: Projection[Any], part: int = PART) -> Compared:
    """Compare in one snapshot: rows and checkpoint were written together, and the log below it never changes.

    An event that the projection has parked is a finding, and is left out of the fold.
    """
    async with _snapshot(sources.pool) as connection:
        position = await position_of(connection, projection.name)
        count = int(await connection.fetchval(f"select count(*) from projections.{projection.table}"))
        parked = await Parking(connection, projection.name).reasons()
        findings = [
            Finding(READ_MODELS, f"{projection.name}@{at}", f"parked: {reason}") for at, reason in parked.items()
        ]
        findings += [
            Finding(READ_MODELS, f"{projection.name}: {subject}", problem)
            for subject, problem in await total_faults(connection, projection.name)
        ]
        comparison = _Comparison(sources, projection, position, frozenset(parked), 1 + count // part)
        for number in range(comparison.parts):
            findings += [finding async for finding in comparison.of_part(connection, number)]
    return Compared(projection.name, position, count, findings)


@asynccontextmanager
async def _snapshot(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    async with pooled(pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        # Idle for as long as the log is being folded.
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        yield connection


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The rows in parts by a hash of their key, so that memory does not grow with their number."""

    sources: Sources
    projection: Projection[Any]
    position: int
    parked: frozenset[int]
    parts: int

    async def of_part(self, connection: asyncpg.Connection, number: int) -> AsyncIterator[Finding]:
        due, refused = await self._folded(number)
        for each in refused:
            yield self._finding(
                str(each.position), f"the log has an event that it can neither take nor has parked: {each.reason}"
            )
        async for row in self._rows(connection):
            if self._is_in(number, key := self.projection.key_of(row)):
                for problem in _differences(due.pop(key, None), row):
                    yield self._finding(_shown(key), problem)
        for key in due:
            yield self._finding(_shown(key), "the row is missing")

    async def _folded(self, number: int) -> tuple[dict[Key, Any], list[Parked]]:
        rows: dict[Key, Any] = {}
        refused: list[Parked] = []
        async with aclosing(self._log()) as log:
            async for addressed in log:
                refused += [each for each in addressed.parked if number == 0 and self._is_due(each.position)]
                addressed.events[:] = [
                    (tuple(key for key in keys if self._is_in(number, key)), event, recorded)
                    for keys, event, recorded in addressed.events
                    if self._is_due(recorded.position)
                ]
                refused += fold(self.projection, addressed, rows).parked
        return rows, refused

    async def _log(self) -> AsyncGenerator[Addressed, None]:
        log = DecodedLog(self.sources.store, self.sources.codec, [self.projection])
        async with aclosing(log.pages(0, _PAGE, until=self.position)) as pages:
            async for page in pages:
                yield page.of[self.projection.name]

    async def _rows(self, connection: asyncpg.Connection) -> AsyncIterator[Any]:
        names = ", ".join(columns(self.projection.row))
        async for record in connection.cursor(
            f"select {names} from projections.{self.projection.table}", prefetch=_PAGE
        ):
            yield row_of(self.projection.row, record)

    def _is_due(self, position: int) -> bool:
        return position <= self.position and position not in self.parked

    def _is_in(self, number: int, key: Key) -> bool:
        return self.parts == 1 or crc32("\0".join(map(str, key)).encode()) % self.parts == number

    def _finding(self, subject: str, problem: str) -> Finding:
        return Finding(READ_MODELS, f"{self.projection.name}: {subject}", problem)


def _shown(key: Key) -> str:
    return " ".join(map(str, key))


def _differences(due: Any, row: Any) -> Iterator[str]:
    if due is None:
        yield "the row is there, and the log has no event of it"
        return
    differing = [f.name for f in fields(row) if getattr(row, f.name) != getattr(due, f.name)]
    if differing:
        shown = (f"{name} is {getattr(row, name)} and should be {getattr(due, name)}" for name in differing)
        yield "; ".join(shown)
