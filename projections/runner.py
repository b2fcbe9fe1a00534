"""Keeps one projection's table up to date: rows and checkpoint move together, or not at all."""

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import asyncpg
import structlog

from eventstore.checkpoints import advance, open_checkpoint
from eventstore.codec import Codec
from eventstore.connection import pooled, transaction
from eventstore.model import Page, RecordedEvent
from eventstore.store import EventStore
from orders.ids import ORDER_STREAMS
from projections.fold import Parked, decode, fold, reason
from projections.projection import Projection
from projections.set_fold import SetFold, StandsBack
from projections.table import Table

R = TypeVar("R")
_PAGE: Final = 1_000
# By parked_pkey. An event that is refused again keeps its latest reason.
_PARK = """
insert into projections.parked (projection, position, reason) select $1, * from unnest($2::bigint[], $3::text[])
    on conflict (projection, position) do update set reason = excluded.reason, at = excluded.at"""
# A value that a column does not hold. asyncpg refuses some before it sends them, as a ValueError.
_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError)
_log = structlog.get_logger(__name__)


class Projector(Generic[R]):
    """A consumer of the log that folds it into a projection's rows, a page at a time.

    name, table: another checkpoint and table than the projection's own, for building it beside itself.
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
        self._pool, self._store, self._codec, self._page = pool, store, codec, page
        self._table = Table(projection, table or projection.table)
        self._set_fold = SetFold(projection, table or projection.table, codec.types) if projection.sql else None
        self._known: int | None = None

    async def step(self) -> bool:
        """Fold the next page, if any; True when there may be more. Raises CheckpointMoved, then nothing is written."""
        old = await self.position()
        self._known = None  # until the page is committed, the database knows better
        page = await self._read(old)
        if page.position > old:
            async with pooled(self._pool) as connection:
                await self._take(connection, old, page)
        self._known = page.position
        return page.more

    async def position(self) -> int:
        """The checkpoint: the last position folded or looked through."""
        if self._known is None:
            self._known = await open_checkpoint(self._pool, self.name)
        return self._known

    async def leap(self, until: int) -> bool:
        """Fold up to a settled position by the database's own fold; False where that cannot be, then nothing is written."""
        if self._set_fold is None:
            return False
        old = await self.position()
        self._known = None
        try:
            async with transaction(self._pool) as connection:
                await advance(connection, self.name, old, until)
                await self._set_fold.take(self._pool, connection, old, until)
        except StandsBack:
            return False
        return True

    async def catch_up(self, connection: asyncpg.Connection, until: int) -> int:
        """Fold up to a position in the caller's transaction; the position reached, further on where it was already."""
        old = await open_checkpoint(connection, self.name)
        while old < until:
            page = _up_to(until, await self._read(old))
            await self._take(connection, old, page)
            old = page.position
        return old

    async def _read(self, after: int) -> Page:
        """Events of the projection's types, and of an order's types that this program does not know, to be parked."""
        types, known = self.projection.event_types, self._codec.types
        return await self._store.read_all(
            after=after, limit=self._page, types=types, category=ORDER_STREAMS, known=known
        )

    async def _take(self, connection: asyncpg.Connection, old: int, page: Page) -> None:
        try:
            async with connection.transaction():
                await self._write(connection, old, page)
        except _REFUSED:
            await self._take_one_by_one(connection, old, page)

    async def _take_one_by_one(self, connection: asyncpg.Connection, old: int, page: Page) -> None:
        """Find the events whose rows the database refuses, and park those."""
        for event in page.events:
            try:
                async with connection.transaction():
                    await self._write(connection, old, Page([event], event.position))
            except _REFUSED as error:
                async with connection.transaction():
                    await advance(connection, self.name, old, event.position)
                    await self._park(connection, [Parked(event.position, reason(error))])
            old = event.position
        if page.position > old:
            await advance(connection, self.name, old, page.position)

    async def _write(self, connection: asyncpg.Connection, old: int, page: Page) -> None:
        # The checkpoint first: its row is the lock that keeps a second runner, and a rebuild's swap, from the table.
        await advance(connection, self.name, old, page.position)
        await self._fold(connection, page.events)

    async def _fold(self, connection: asyncpg.Connection, events: Sequence[RecordedEvent]) -> None:
        decoded = decode(self.projection, self._codec, events)
        await self._park(connection, decoded.parked)
        if decoded.events:
            rows = await self._table.load(connection, decoded.keys)
            folded = fold(self.projection, decoded, rows)
            await self._park(connection, folded.parked)
            if folded.rows:
                await self._table.upsert(connection, folded.rows)

    async def _park(self, connection: asyncpg.Connection, parked: Sequence[Parked]) -> None:
        if parked:
            positions, reasons = [each.position for each in parked], [each.reason for each in parked]
            await connection.execute(_PARK, self.name, positions, reasons)
            kind, _, _ = parked[0].reason.partition(":")  # the rest may quote the order; the table has it
            _log.warning("events parked", projection=self.name, events=len(parked), first=positions[0], kind=kind)


def _up_to(until: int, page: Page) -> Page:
    return Page([event for event in page.events if event.position <= until], min(page.position, until), page.more)
