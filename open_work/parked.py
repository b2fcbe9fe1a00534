"""Parked events of every reader of the log: the dispatcher, the projections, the webhooks."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.parking import Parking
from open_work.kinds import Stuck
from open_work.sources import Sources
from order_streams.folded import statuses
from orders.ids import stream_name
from projections import PROJECTIONS
from webhooks.deliveries import Deliveries, Delivery, State

_PAGE: Final = 200
_PREFIX: Final = stream_name("")


@dataclass(frozen=True, slots=True)
class _Parked:
    step: str
    position: int
    stream: str
    reason: str
    at: datetime

    @property
    def order_id(self) -> str:
        return self.stream.removeprefix(_PREFIX)

    def row(self, state: str | None) -> Stuck:
        return Stuck("parked", self.order_id, state, self.step, self.at, self.reason, position=self.position)


async def parked_events(sources: Sources) -> AsyncGenerator[Stuck, None]:
    """Events parked by the dispatcher, by each projection, then deliveries of webhooks that are parked."""
    async for page in _pages(sources.pool):
        states = await statuses(sources.pool, sources.codec, (event.order_id for event in page))
        for event in page:
            yield event.row(states.get(event.order_id))


async def _pages(pool: asyncpg.Pool) -> AsyncIterator[Sequence[_Parked]]:
    steps = {DISPATCHER: "dispatch "} | {projection.name: f"{projection.name}: " for projection in PROJECTIONS}
    for name, step in steps.items():
        async for page in Parking(pool, name).pages():
            yield [_Parked(step + e.event_type, e.position, e.stream, e.reason, e.parked_at) for e in page]
    delivery: str | None = None
    while True:
        webhooks = await Deliveries(pool).list(state=State.PARKED, limit=_PAGE, after=delivery)
        yield [_undelivered(each) for each in webhooks.rows]
        if (delivery := webhooks.after) is None:
            break


def _undelivered(delivery: Delivery) -> _Parked:
    since = delivery.ended_at or delivery.since
    stream, reason = stream_name(delivery.order_id), delivery.last_error or ""
    return _Parked(f"webhook {delivery.id}: {delivery.event_type}", delivery.position, stream, reason, since)
