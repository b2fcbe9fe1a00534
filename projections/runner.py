"""Keeps the table of one projection up to date: rows and checkpoint in one transaction."""

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import asyncpg
import structlog

from eventstore.checkpoints import advance, open_checkpoint
from eventstore.codec import Codec
from eventstore.connection import pooled
from eventstore.parking import Parking
from eventstore.store import EventStore
from projections.decoded_log import DecodedLog, DecodedPage
from projections.fold import Addressed, Parked, fold, reason
from projections.projection import Projection
from projections.table import Table

R = TypeVar("R")
_PAGE: Final = 1_000
# A value that a column does not hold. The driver refuses some before sending them, by a ValueError or an OverflowError.
_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, OverflowError)
_log = structlog.get_logger(__name__)


class Projector(Generic[R]):
    """A consumer of the log that folds it into a projection's rows, a page at a time.

    name, table: checkpoint and table if not the projection's own, as in a rebuild.
    page: events per transaction. More memory and a longer transaction against fewer round trips.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        codec: Codec[Any],
        projection: Projection[R],
        *,
        name: str | None = None,
        table: str | None = None,
        page: int = _PAGE,
    ) -> None:
        self.name, self.projection = name or projection.name, projection
        self._pool, self._page = pool, page
        self._decoded_log = DecodedLog(store, codec, [projection])
        self._table = Table(projection, table or projection.table)
        self._known: int | None = None

    async def step(self) -> bool:
        """Fold the next page, if any; True if there may be more. Raises CheckpointMoved, then nothing is written."""
        old = await self.position()
        self._known = None  # until the page is committed, only the database knows
        page = await self._decoded_log.read(old, self._page)
        if page.position > old:
            async with pooled(self._pool) as connection:
                await self.fold_page(connection, old, page)
        self._known = page.position
        return page.more

    async def position(self) -> int:
        """The checkpoint: the last position folded or passed over."""
        if self._known is None:
            self._known = await open_checkpoint(self._pool, self.name)
        return self._known

    async def catch_up(self, connection: asyncpg.Connection, until: int) -> int:
        """Fold pages in the caller's transaction until a settled position is reached; returns the position reached."""
        old = await open_checkpoint(connection, self.name)
        while old < until:
            page = await self._decoded_log.read(old, self._page)
            await self.fold_page(connection, old, page)
            old = page.position
        return old

    async def fold_page(self, connection: asyncpg.Connection, old: int, page: DecodedPage) -> None:
        """Fold a page and move the checkpoint, in a transaction or in a savepoint of the caller's."""
        addressed = page.of[self.projection.name]
        try:
            async with connection.transaction():
                # First, as the checkpoint's row is the lock against a second runner and against the swap of a rebuild.
                await advance(connection, self.name, old, page.position)
                await self._fold(connection, addressed)
        except _REFUSED:
            async with connection.transaction():
                await advance(connection, self.name, old, page.position)
                await self._fold_one_by_one(connection, addressed)

    async def _fold(self, connection: asyncpg.Connection, addressed: Addressed) -> None:
        await self._park(connection, addressed.parked)
        if addressed.events:
            rows = await self._table.load(connection, addressed.keys)
            folded = fold(self.projection, addressed, rows)
            await self._park(connection, folded.parked)
            await self._table.write(connection, folded)

    async def _fold_one_by_one(self, connection: asyncpg.Connection, addressed: Addressed) -> None:
        """Find the events whose rows the database refuses, and park them."""
        await self._park(connection, addressed.parked)
        for event in addressed.events:
            try:
                async with connection.transaction():
                    await self._fold(connection, Addressed([event], []))
            except _REFUSED as error:
                _, _, recorded = event
                await self._park(connection, [Parked(recorded.position, reason(error))])

    async def _park(self, connection: asyncpg.Connection, parked: Sequence[Parked]) -> None:
        if parked:
            await Parking(connection, self.name).park({each.position: each.reason for each in parked})
            first = parked[0]
            kind, _, _ = first.reason.partition(":")  # the rest may quote the order; the table has it
            _log.warning("events parked", projection=self.name, events=len(parked), first=first.position, kind=kind)
