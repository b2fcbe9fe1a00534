"""Keeps the gauges of the system's state fresh, and says so where it cannot: an old number is worse than none."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import asyncpg
import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from temporalio.client import Client
from temporalio.service import RPCError

from eventstore.connection import pooled
from eventstore.errors import DATABASE_AWAY
from eventstore.wording import wording
from telemetry.state import database_state, temporal_state

EVERY: Final = 5.0  # seconds
LIMIT: Final = 5.0  # seconds for one look
STALE: Final = 30.0  # seconds after which a number is no longer shown, whatever kept it from being taken anew
# A look at the database that takes t seconds is not repeated before 19 t have passed: it never costs more than a
# twentieth of one connection, however much there is to count.
_REST: Final = 19
_log = structlog.get_logger(__name__)

Look = Callable[[], Awaitable[Sequence[Metric]]]


class StateGauges(Collector):
    """The last look at each source. Read by the thread that serves metrics, so each look replaces the one before whole."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._looks: dict[str, tuple[float, Sequence[Metric]]] = dict.fromkeys(sources, (0.0, ()))

    def took(self, source: str, gauges: Sequence[Metric]) -> None:
        self._looks[source] = (time.time(), gauges)

    def lost(self, source: str) -> None:
        """Its numbers are no longer known; when they last were, still is."""
        self._looks[source] = (self._looks[source][0], ())

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("orders_state_up", "1 where the gauges of a source are fresh", labels=["source"])
        at = GaugeMetricFamily(
            "orders_state_refreshed_timestamp_seconds", "When a source was last looked at", labels=["source"]
        )
        for source, (looked, gauges) in list(self._looks.items()):
            fresh = bool(gauges) and time.time() - looked < STALE
            up.add_metric([source], fresh)
            at.add_metric([source], looked)
            if fresh:
                yield from gauges
        yield from (up, at)


async def refresh(gauges: StateGauges, pool: asyncpg.Pool, client: Client, task_queue: str) -> None:
    """Look at both sources, for ever."""

    async def database() -> Sequence[Metric]:
        async with pooled(pool) as connection:
            return await database_state(connection)

    async with asyncio.TaskGroup() as group:
        group.create_task(_look_for_ever(gauges, "database", database))
        group.create_task(_look_for_ever(gauges, "temporal", lambda: temporal_state(client, task_queue)))


async def _look_for_ever(gauges: StateGauges, source: str, look: Look) -> None:
    while True:
        started = time.monotonic()
        try:
            async with asyncio.timeout(LIMIT):
                gauges.took(source, await look())
        except (*DATABASE_AWAY, RPCError, RuntimeError) as error:
            gauges.lost(source)
            _log.debug("state not known", source=source, error=wording(error))
        took = time.monotonic() - started
        await asyncio.sleep(max(EVERY - took, _REST * took if source == "database" else 0.0))
