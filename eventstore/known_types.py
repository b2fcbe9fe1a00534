"""A connection that asks the server for PostgreSQL's own types once in a process."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final

import asyncpg

_FIRST_GENERATED: Final = 10_000
"""OIDs below are given by hand, and the same in every server; those from here on may differ between two servers of a process:
https://www.postgresql.org/docs/current/system-catalog-initial-data.html"""
_KNOWN: Final[dict[frozenset[int], Any]] = {}
_ASKED_NOTHING: Final = SimpleNamespace(name="known")
"""In place of the statement that asked: one with a name, which has not replaced the one that is being prepared."""


class Connection(asyncpg.Connection):
    """asyncpg asks for the type of an array on each connection, which takes 6 ms of the server: for each command, and for each
    connection of a pool."""

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> Any:
        wanted = frozenset(typeoids)
        if wanted in _KNOWN:
            return _KNOWN[wanted], _ASKED_NOTHING
        types, asked = await super()._introspect_types(wanted, timeout)  # type: ignore[misc]
        if max(wanted) < _FIRST_GENERATED:
            _KNOWN[wanted] = types
        return types, asked
