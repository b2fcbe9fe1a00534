"""Ownership of the lanes of a divided reader: advisory locks of one session, shared out among the processes."""

from collections.abc import Collection
from dataclasses import dataclass

import asyncpg

from eventstore.lease import Lease
from eventstore.statements import SHARES, TRY_LOCK_SHARED, TRY_LOCKS, UNLOCK


@dataclass(frozen=True, slots=True)
class Shares:
    """Lanes that this process owns, lanes that no process owns, and the most that a process may own."""

    own: frozenset[int]
    free: list[int]
    most: int


class LaneLease(Lease):
    """Membership among the processes that run a reader, and ownership of some of its lanes.

    The lease of the undivided reader is the membership's lock, held in share mode: a program that knows no lanes takes it
    alone, so that the two never run beside each other.
    """

    def __init__(self, dsn: str, name: str, lanes: int) -> None:
        super().__init__(dsn, name)
        self._keys = {Lease(dsn, f"{name}:{lane}").key: lane for lane in range(lanes)}
        self._of = {lane: key for key, lane in self._keys.items()}

    async def acquire(self) -> bool:
        """Join the processes that run the reader; False where a program that knows no lanes runs it."""
        await self._connect()
        return bool(await self._ask(TRY_LOCK_SHARED))

    async def shares(self) -> Shares | None:
        """Owners of the lanes at this moment; None where the session has lost its locks. Raises connection errors."""
        rows = await self._fetch(SHARES, self.key, list(self._keys))
        if not rows:
            return None
        [row] = rows
        own, taken = ({self._keys[key] for key in row[name]} for name in ("own", "of_others"))
        most = -(-len(self._keys) // row["members"])
        return Shares(frozenset(own), sorted(self._of.keys() - own - taken), most)

    async def claim(self, lanes: Collection[int]) -> set[int]:
        """Try to own these lanes; returns those that no other process took first."""
        return {self._keys[row["key"]] for row in await self._fetch(TRY_LOCKS, [self._of[lane] for lane in lanes])}

    async def give(self, lanes: Collection[int]) -> None:
        """Leave these lanes to other processes."""
        await self._fetch(UNLOCK, [self._of[lane] for lane in lanes])

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            return []
        return list(await self._connection.fetch(query, *arguments, timeout=self.TIMEOUT))
