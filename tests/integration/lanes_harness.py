"""A divided consumer that collects, and runners of it as in several processes."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager

import asyncpg

from eventstore.lane_reader import LaneReader
from eventstore.lane_runner import LaneRunner
from eventstore.model import ANY, RecordedEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import events, stepping

NAME = "divided"
STREAMS = 48  # three to a lane


class LaneCollector:
    """Collects the events of its lanes. hangs: a step that has read a page waits for ever behind it."""

    name = NAME

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.reader = pool, LaneReader(pool, NAME)
        self.seen: list[RecordedEvent] = []
        self.hangs = False

    def own(self, lanes: Collection[int]) -> None:
        self.reader.own(lanes)

    async def step(self) -> bool:
        page = await self.reader.read(limit=200)
        if page.events and self.hangs:
            await asyncio.Event().wait()
        self.seen += page.events
        self.reader.handled(page)
        return bool(page.events)

    @property
    def streams(self) -> set[str]:
        return {event.stream for event in self.seen}


def running(collector: LaneCollector, database_url: str) -> AbstractAsyncContextManager[LaneRunner]:
    """The runner of a process, with a wake-up of its own."""
    return stepping(LaneRunner(collector, dsn=database_url, wakeup=Wakeup(collector.pool)))


async def append_to_all(store: EventStore, count: int = 1) -> None:
    """Append so many events to each of the streams, one round after another."""
    for _ in range(count):
        for number in range(STREAMS):
            await store.append(f"counter-{number}", events(1), expected=ANY)


def versions(*collectors: LaneCollector) -> dict[str, list[int]]:
    """Versions of each stream in the order in which they were seen, by one collector after another."""
    found: dict[str, list[int]] = {}
    for collector in collectors:
        for event in collector.seen:
            found.setdefault(event.stream, []).append(event.version)
    return found


def every(count: int) -> dict[str, list[int]]:
    """The answer of `versions` where so many events of each stream were seen once, in order."""
    return {f"counter-{number}": list(range(1, count + 1)) for number in range(STREAMS)}
