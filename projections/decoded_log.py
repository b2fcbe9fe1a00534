"""The log as projections read it: each event decoded once, for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eventstore.codec import Codec
from eventstore.store import EventStore
from orders.ids import ORDER_STREAMS
from projections.fold import Decoded, decode
from projections.projection import Projection


@dataclass(frozen=True, slots=True)
class DecodedPage:
    """Decoded events in order, and the position up to which the log was read. more: the log goes on after it."""

    decoded: Decoded
    position: int
    more: bool


class DecodedLog:
    """Reads the events of some projections' types, and of an order's types unknown to this program, to be parked."""

    def __init__(self, store: EventStore, codec: Codec[Any], projections: Sequence[Projection[Any]]) -> None:
        self._store, self._codec = store, codec
        self._types = sorted({name for projection in projections for name in projection.event_types})

    async def read(self, after: int, limit: int) -> DecodedPage:
        """At most `limit` settled events after a position; fewer if they are large."""
        page = await self._store.read_all(
            after=after, limit=limit, types=self._types, category=ORDER_STREAMS, known=self._codec.types
        )
        return DecodedPage(decode(self._codec, page.events), page.position, page.more)
