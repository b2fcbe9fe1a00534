"""Rows of some tables that a statement reads: counters of the session, which also count within functions, whose plans EXPLAIN
does not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

_READ: Final = """
select coalesce(sum(seq_scan), 0) as scans, coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) as rows
  from pg_stat_xact_user_tables where relid = any ($1::text[]::regclass[])"""


@dataclass(frozen=True, slots=True)
class Read:
    """Sequential scans of the tables, and rows of them that were read."""

    scans: int
    rows: int


async def read_by(
    connection: asyncpg.Connection, tables: Sequence[str], sql: str, arguments: tuple[object, ...]
) -> Read:
    """The reads of the statement; its effects are rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        [before] = await connection.fetch(_READ, tables)
        await connection.fetch(sql, *arguments)
        [after] = await connection.fetch(_READ, tables)
        return Read(int(after["scans"] - before["scans"]), int(after["rows"] - before["rows"]))
    finally:
        await transaction.rollback()
