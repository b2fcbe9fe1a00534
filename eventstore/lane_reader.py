"""Reads the log for some lanes of a divided reader at once, and keeps the position of each."""

from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

import asyncpg

from eventstore.errors import CheckpointMoved
from eventstore.model import Page, RecordedEvent
from eventstore.statements import NEXT_PAGE, OPEN_LANES

LANES: Final = 16
"""Lanes of a divided reader. Where the database has another number, every lane begins at the least of its positions."""
PAGE_BYTES: Final = 4 * 1024 * 1024
"""Of JSON in a page of the log: decoded, it takes about ten times as much memory."""
Positions: TypeAlias = list[int | None]
"""A position for each lane; None for the lanes of other processes."""


class LaneReader:
    """The lanes of a reader that this process owns: all of them until `own` is called.

    A stream belongs to one lane, so that its events stay in order. One statement moves the checkpoint behind the handled page
    and reads the next one, for all lanes together. A lane that is ahead of others gets no event twice.
    """

    def __init__(self, pool: asyncpg.Pool, name: str) -> None:
        self._pool, self._name = pool, name
        self._owned: frozenset[int] | None = None
        self._saved: Positions | None = None
        self._lanes: Positions = []

    def own(self, lanes: Collection[int]) -> None:
        """Read only these lanes from now on, from their checkpoints."""
        self._owned = frozenset(lanes)
        self.reopen()

    @property
    def owns_first(self) -> bool:
        """True where the first lane is owned: its owner does work that one process of the fleet does."""
        return self._owned is None or 0 in self._owned

    def reopen(self) -> None:
        """Read the positions from the database again, before the next page."""
        self._saved = None

    async def positions(self) -> Positions:
        """The position after which each lane goes on."""
        if self._saved is None:
            opened: list[int] = await self._pool.fetchval(OPEN_LANES, self._name, LANES)
            self._lanes = [at if self._owned is None or lane in self._owned else None for lane, at in enumerate(opened)]
            self._saved = self._lanes
        return self._lanes

    async def read(
        self,
        *,
        limit: int,
        types: Sequence[str] | None = None,
        category: str | None = None,
        known: Sequence[str] | None = None,
    ) -> Page:
        """Save the positions, and read at most `limit` settled events of these lanes; fewer where they are large or rare.

        As EventStore.read_all. Raises CheckpointMoved where another program has moved one of the lanes.
        """
        lanes, saved = await self.positions(), self._saved
        self._saved = None  # on an error, read again from the database
        arguments = saved, lanes, types, category, known, limit, PAGE_BYTES
        rows = await self._pool.fetch(NEXT_PAGE, self._name, *arguments)
        if not rows:
            raise CheckpointMoved(self._name, min(at for at in lanes if at is not None))
        *events, (position, _, head, *_) = rows
        self._saved = lanes
        return Page([RecordedEvent(*row) for row in events], position, position < head)

    def handled(self, page: Page) -> None:
        """Go on behind this page. The next read saves it."""
        self._lanes = [None if at is None else max(at, page.position) for at in self._lanes]
