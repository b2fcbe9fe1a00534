"""Metrics endpoint of a process for Prometheus, and that of Temporal's SDK."""

import asyncio
import contextlib
import logging
import platform
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

import asyncpg
from prometheus_client import REGISTRY, Info, Metric, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

from application.version import program_version
from open_work.sources import Sources
from settings import Settings, SettingsError, host_and_port
from telemetry.logs import configure_sdk_logging

_BUILD = Info("orders_build", "The versions that this process runs")


class PoolConnections(Collector):
    """The pool's connections to the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        idle, size = self._pool.get_idle_size(), self._pool.get_size()
        connections = GaugeMetricFamily("orders_pool_connections", "Connections of the pool", labels=["state"])
        connections.add_metric(["idle"], idle)
        connections.add_metric(["used"], size - idle)
        yield connections
        yield GaugeMetricFamily("orders_pool_size_limit", "How many it may open", self._pool.get_max_size())


@asynccontextmanager
async def metrics_served(settings: Settings, sources: Sources, client: Client) -> AsyncIterator[None]:
    """Serve /metrics at ORDERS_METRICS_ADDRESS while the block runs; nothing where that is not set. Raises SettingsError."""
    if settings.metrics_address is None:
        yield
        return
    from telemetry.refresher import SOURCES, StateGauges, refresh  # noqa: PLC0415 – imports the audit

    gauges = StateGauges(SOURCES)
    _BUILD.info(
        {"version": program_version(), "python": platform.python_version(), "temporalio": version("temporalio")}
    )
    with _endpoint(settings.metrics_address), _collected(gauges), _collected(PoolConnections(sources.pool)):
        refreshing = asyncio.create_task(refresh(gauges, settings, sources, client))
        try:
            yield
        finally:
            refreshing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await refreshing


@contextmanager
def _collected(collector: Collector) -> Iterator[None]:
    REGISTRY.register(collector)
    try:
        yield
    finally:
        REGISTRY.unregister(collector)


@contextmanager
def _endpoint(address: str) -> Iterator[None]:
    """The endpoint, in a thread of its own: it answers while the event loop is busy."""
    host, port = host_and_port(address)
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        raise SettingsError(f"ORDERS_METRICS_ADDRESS: cannot listen on {address}: {error.strerror or error}") from None
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configure_temporal(settings: Settings) -> None:
    """Before the first client of a serving process: the SDK's metrics at ORDERS_TEMPORAL_METRICS_ADDRESS, and its core's
    log lines in our form. Raises SettingsError."""
    configure_sdk_logging()
    address = settings.temporal_metrics_address
    lines = LogForwardingConfig(
        logging.getLogger("temporalio.core"), append_target_to_name=False, prepend_target_on_message=False
    )
    try:
        telemetry = TelemetryConfig(
            logging=LoggingConfig(LoggingConfig.default.filter, forwarding=lines),
            metrics=PrometheusConfig(
                _numeric(address), counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
            )
            if address
            else None,
        )
        Runtime.set_default(Runtime(telemetry=telemetry), error_if_already_set=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingsError(f"ORDERS_TEMPORAL_METRICS_ADDRESS: cannot listen on {address}: {error}") from None


def _numeric(address: str) -> str:
    """The address with a numeric host, as the SDK needs it."""
    number, port = (
        str(each) for each in socket.getaddrinfo(*host_and_port(address), type=socket.SOCK_STREAM)[0][4][:2]
    )
    return f"[{number}]:{port}" if ":" in number else f"{number}:{port}"
