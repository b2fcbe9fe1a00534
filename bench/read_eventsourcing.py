"""Catch-up by the `eventsourcing` library: notifications, page by page, each mapped to its domain event."""

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import orjson
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, UUIDAsHex

from bench.eventsourcing_library import recorder
from bench.log import bodies
from bench.side import Figures, Ground

_PAGE: Final = 2_000
_BATCH: Final = 100  # a longer pipeline fills both ends of the socket, and its client waits for ever


@dataclass(frozen=True)
class Happened(DomainEvent):  # type: ignore[misc,unused-ignore]
    """One event of an order, its data as we have it."""

    data: dict[str, Any]


def _mapper() -> Mapper[uuid.UUID]:
    transcoder = JSONTranscoder()
    transcoder.register(UUIDAsHex())
    transcoder.register(DatetimeAsISO())
    return Mapper(transcoder)


async def measure(ground: Ground) -> Figures:
    """events_per_s. A tenth of the events: it is read at one speed throughout."""
    count, samples = ground.scaled(100_000, least=10_000), [orjson.loads(body) for _, body in bodies()]

    def timed() -> float:
        mapper = _mapper()
        with recorder(ground.database_url, 1) as into:
            for begin in range(0, count, _BATCH):
                events = [
                    Happened(uuid.uuid4(), 1, Happened.create_timestamp(), data=samples[n % len(samples)])
                    for n in range(begin, min(begin + _BATCH, count))
                ]
                into.insert_events([mapper.to_stored_event(event) for event in events])
            began, start, seen = time.perf_counter(), 1, 0
            while seen < count:
                page = into.select_notifications(start, _PAGE)
                for notification in page:
                    mapper.to_domain_event(notification)
                seen, start = seen + len(page), page[-1].id + 1
            return time.perf_counter() - began

    return {"events_per_s": count / await asyncio.to_thread(timed)}
