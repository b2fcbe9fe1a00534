"""The folds of the read models as the database does them: many events by one statement, for rebuilds.

`reduce` stays what a projection means, and tests compare the two. Where they might differ, this one stands back: an event
that is not `plain`, an order that does not begin with its placing, a kind of event twice that comes once.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import asyncpg

from eventstore.checkpoints import Executor
from orders.ids import ORDER_STREAMS
from projections.plain import plain
from projections.projection import Projection, columns

R = TypeVar("R")
# A stretch is grouped in memory: on disk it takes half as long again.
_MEMORY: Final = "set local work_mem = '64MB'"
# A value that a column does not hold: which event's it is, is for the other fold to find.
_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class StandsBack(Exception):
    """These events are for the projection's own fold."""


class SetFold(Generic[R]):
    """Folds a stretch of the log into a table that holds the fold of everything before it.

    known: the types that this program knows; where an order has an event of another type, that is to be parked.
    """

    def __init__(self, projection: Projection[R], table: str, known: Sequence[str]) -> None:
        self._types: Sequence[str] = projection.event_types
        self._known = known
        names, key = list(columns(projection.row)), projection.key_columns
        # By the log's primary key, both.
        stretch = "from eventstore.events e where e.position > $1 and e.position <= $2 and e.type = any ($3::text[])"
        self._all_plain = f"select coalesce(bool_and({plain(projection.events, 'e')}), true) {stretch}"
        self._any_unknown = f"""
select exists (select from eventstore.events e join eventstore.streams s using (stream_id)
                where e.position > $1 and e.position <= $2 and e.type <> all ($3::text[]) and s.category = '{ORDER_STREAMS}')"""
        # Rows there are by the primary key, one by one: a join would read all of a table that grows and has no statistics.
        self._fold = f"""
with page as (select e.position, e.type, e.data, e.recorded_at {stretch}),
folded as materialized ({(projection.sql or "").format(table=f"projections.{table}")}),
written as (
    insert into projections.{table} ({", ".join(names)})
    select {", ".join(names)} from folded where (select bool_and(fits is true) from folded)
        on conflict ({", ".join(key)}) do update
       set {", ".join(f"{name} = excluded.{name}" for name in names if name not in key)})
select coalesce(bool_and(fits is true), true) from folded"""

    async def take(self, pool: asyncpg.Pool, connection: asyncpg.Connection, after: int, until: int) -> None:
        """Fold the settled events after a position up to another, in the caller's transaction.

        Raises StandsBack where that is not for this fold: then the transaction is to be rolled back.
        """
        # Side by side, on two processors. Of events that are not plain, the fold may say anything.
        plain, fits = await asyncio.gather(
            self.plain(pool, after, until), self.fold(connection, after, until), return_exceptions=True
        )
        if isinstance(plain, BaseException):
            raise plain
        if not plain or isinstance(fits, _REFUSED):
            raise StandsBack
        if isinstance(fits, BaseException):
            raise fits
        if not fits:
            raise StandsBack

    async def plain(self, executor: Executor, after: int, until: int) -> bool:
        """Whether all events after a position up to another are, and all of an order's are of types that are known."""
        if await executor.fetchval(self._any_unknown, after, until, self._known):
            return False
        return bool(await executor.fetchval(self._all_plain, after, until, self._types))

    async def fold(self, connection: asyncpg.Connection, after: int, until: int) -> bool:
        """Fold plain events, in a transaction; False where an order's do not fit each other, then nothing is written."""
        await connection.execute(_MEMORY)
        return bool(await connection.fetchval(self._fold, after, until, self._types))
