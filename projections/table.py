"""Rows of a projection's table, loaded and written many at a time."""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import asyncpg

from projections.columns import columns, record_of, row_of
from projections.fold import Folded
from projections.projection import Key, Projection
from projections.statements import load_rows, upsert_rows

R = TypeVar("R")
# New rows in a page from which COPY is faster: it takes a third of an upsert's time in the server, and a round trip more.
_COPIED: Final = 100


class Table(Generic[R]):
    """Loads any number of rows in one statement, and writes them in one or two. table: the projection's own, or one like it."""

    def __init__(self, projection: Projection[R], table: str) -> None:
        types = columns(projection.row)
        self._projection, self._name, self._columns = projection, table, list(types)
        self._record = record_of(projection.row)
        self._load = load_rows(table, types, projection.key_columns)
        self._upsert = upsert_rows(table, types, projection.key_columns)

    async def load(self, connection: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, R]:
        """The existing rows among these, by key."""
        if not keys:  # events that concern no row
            return {}
        records = await connection.fetch(self._load, *zip(*keys, strict=True))
        rows = [row_of(self._projection.row, record) for record in records]
        return {self._projection.key_of(row): row for row in rows}

    async def write(self, connection: asyncpg.Connection, folded: Folded[R]) -> None:
        """Write whole rows. The caller holds the checkpoint's row, so that no other writer makes the new ones."""
        rows = folded.rows
        if len(folded.new) >= _COPIED:
            await self._copy(connection, folded.new)
            rows = folded.changed
        if rows:
            await connection.execute(self._upsert, *zip(*map(self._record, rows), strict=True))

    async def _copy(self, connection: asyncpg.Connection, rows: Sequence[R]) -> None:
        await connection.copy_records_to_table(
            self._name, schema_name="projections", columns=self._columns, records=map(self._record, rows)
        )
