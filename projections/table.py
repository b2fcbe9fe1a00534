"""The SQL of a projection's table, made once from its description: constant text, so that it stays prepared."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, TypeVar

import asyncpg

from projections.projection import Key, Projection, columns

R = TypeVar("R")


def row_of(row: type[R], record: Iterable[Any]) -> R:
    """A row from a record of its columns; numeric columns hold whole numbers too large for bigint."""
    return row(*(int(value) if type(value) is Decimal else value for value in record))


class Table(Generic[R]):
    """Loads and writes many rows in one statement each, whatever their number."""

    def __init__(self, projection: Projection[R], table: str) -> None:
        types = columns(projection.row)
        names, key = list(types), projection.key_columns
        self._row = projection.row
        self._values = attrgetter(*names)
        self._key = attrgetter(*key)
        # By the primary key, once per row.
        self._load = f"""
select {", ".join(names)} from projections.{table}
  join unnest({_arrays(types[name] for name in key)}) as wanted ({", ".join(key)}) using ({", ".join(key)})"""
        # On the primary key. One writer at a time: it holds the checkpoint's row, so rows are locked in any order.
        self._upsert = f"""
insert into projections.{table} ({", ".join(names)})
select * from unnest({_arrays(types.values())})
    on conflict ({", ".join(key)}) do update
   set {", ".join(f"{name} = excluded.{name}" for name in names if name not in key)}"""

    async def load(self, connection: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, R]:
        """The rows there are, by key."""
        records = await connection.fetch(self._load, *zip(*keys, strict=True))
        rows = [row_of(self._row, record) for record in records]
        return {self.key(row): row for row in rows}

    async def upsert(self, connection: asyncpg.Connection, rows: Sequence[R]) -> None:
        """Write whole rows, new or not."""
        await connection.execute(self._upsert, *zip(*map(self._values, rows), strict=True))

    def key(self, row: R) -> Key:
        """The row's key."""
        key = self._key(row)
        return key if isinstance(key, tuple) else (key,)


def _arrays(types: Iterable[str]) -> str:
    return ", ".join(f"${number}::{sql_type}[]" for number, sql_type in enumerate(types, 1))
