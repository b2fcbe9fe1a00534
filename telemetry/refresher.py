"""Refresh of the gauges of the system's state; a gauge that cannot be refreshed is not shown."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from temporalio.client import Client
from temporalio.service import RPCError

from eventstore.connection import pooled
from eventstore.errors import DATABASE_AWAY
from eventstore.looper import Looper
from eventstore.wording import wording
from open_work.sources import Sources
from settings import Settings
from telemetry.attention_gauge import attention_state
from telemetry.state import database_state, temporal_state

STALE: Final = 30.0  # seconds after the next refresh was due; then its gauges are not shown
# A refresh that takes t seconds is not repeated before 19 t have passed: it uses at most a twentieth of one connection,
# however much there is to count.
_REST: Final = 19
_log = structlog.get_logger(__name__)

Look = Callable[[], Awaitable[Sequence[Metric]]]
SOURCES: Final = ("database", "temporal", "attention")


@dataclass(frozen=True)
class Source:
    """Gauges that are refreshed together. every: seconds between two refreshes; limit: seconds for one."""

    name: str
    look: Look
    every: float = 5.0
    limit: float = 5.0
    rest: int = 0

    def pause(self, took: float) -> float:
        """Seconds from the end of a refresh to the next."""
        return max(self.every - took, self.rest * took, 0.0)


class StateGauges(Collector):
    """Latest gauges of each source. The thread that serves metrics reads them, so a refresh replaces them whole."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._looks: dict[str, tuple[float, float, Sequence[Metric]]] = dict.fromkeys(sources, (0.0, 0.0, ()))

    def took(self, source: str, gauges: Sequence[Metric], pause: float = 0.0) -> None:
        """Replace the gauges of a source. pause: seconds until the next refresh is expected to end."""
        self._looks[source] = (time.time(), pause, gauges)

    def lost(self, source: str) -> None:
        """Drop the gauges of a source; the time of their last refresh is kept."""
        self._looks[source] = (self._looks[source][0], 0.0, ())

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("orders_state_up", "1 where the gauges of a source are fresh", labels=["source"])
        at = GaugeMetricFamily(
            "orders_state_refreshed_timestamp_seconds", "When a source was last looked at", labels=["source"]
        )
        for source, (looked, pause, gauges) in list(self._looks.items()):
            fresh = bool(gauges) and time.time() - looked < pause + STALE
            up.add_metric([source], fresh)
            at.add_metric([source], looked)
            if fresh:
                yield from gauges
        yield from (up, at)


async def refresh(gauges: StateGauges, settings: Settings, sources: Sources, client: Client) -> None:
    async def database() -> Sequence[Metric]:
        async with pooled(sources.pool) as connection:
            return await database_state(connection)

    async with asyncio.TaskGroup() as group:
        for source in (
            Source("database", database, rest=_REST),
            Source("temporal", lambda: temporal_state(client, settings.task_queue)),
            Source("attention", lambda: attention_state(sources, settings, client), every=60.0, limit=30.0, rest=_REST),
        ):
            group.create_task(Looper(_log, partial(_refresh, gauges, source), failure="state not known").run())


async def _refresh(gauges: StateGauges, source: Source) -> float:
    """Refresh one source; returns the seconds until its next refresh, also after an outage: `rest` bounds the load then too."""
    started = time.monotonic()
    found: Sequence[Metric] = ()
    try:
        async with asyncio.timeout(source.limit):
            found = await source.look()
    except (*DATABASE_AWAY, RPCError, RuntimeError) as error:
        _log.debug("state not known", source=source.name, error=wording(error))
    finally:
        took = time.monotonic() - started
        pause = source.pause(took)
        if found:
            gauges.took(source.name, found, pause + took)
        else:
            gauges.lost(source.name)
    return pause
