"""The log as projections read it: each event decoded once, for any number of them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypedDict

from eventstore.codec import Codec
from eventstore.model import Page
from eventstore.read_ahead import read_ahead
from eventstore.store import EventStore
from orders.ids import ORDER_STREAMS
from projections.fold import Addressed, decode
from projections.projection import Projection


class _Filter(TypedDict):
    types: Sequence[str]
    category: str
    known: Sequence[str]


@dataclass(frozen=True, slots=True)
class DecodedPage:
    """Decoded events in order, by projection, and the position up to which the log was read. more: the log goes on after it."""

    of: Mapping[str, Addressed]
    position: int
    more: bool


class DecodedLog:
    """Reads the events of some projections' types, and of an order's types unknown to this program, to be parked."""

    def __init__(self, store: EventStore, codec: Codec[Any], projections: Sequence[Projection[Any]]) -> None:
        self._store, self._codec, self._projections = store, codec, projections
        types = sorted({name for projection in projections for name in projection.event_types})
        self._wanted: _Filter = {"types": types, "category": ORDER_STREAMS, "known": codec.types}

    async def read(self, after: int, limit: int) -> DecodedPage:
        """At most `limit` settled events after a position; fewer if they are large."""
        return self._decoded(await self._store.read_all(after=after, limit=limit, **self._wanted))

    def pages(self, after: int, limit: int, until: int | None = None) -> AsyncGenerator[DecodedPage, None]:
        """Pages to the log's head, or to `until`. While the caller waits for the database, the next one is decoded, and the one
        after it read."""

        async def each() -> AsyncGenerator[DecodedPage, None]:
            async with aclosing(self._store.pages(after=after, until=until, limit=limit, **self._wanted)) as pages:
                async for page in pages:
                    yield self._decoded(page)

        return read_ahead(each())

    def _decoded(self, page: Page) -> DecodedPage:
        return DecodedPage(decode(self._codec, self._projections, page.events), page.position, page.more)
