"""In-memory servers for an exploration, and the system over them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from embedded.postgres import run_postgres
from embedded.temporal import run_temporal
from eventstore.migrate import migrate
from explore.system import Explored, explored


@asynccontextmanager
async def exploring() -> AsyncIterator[Explored]:
    """Run a system with servers of its own. Raises EmbeddedError if one does not start."""
    quiet()
    async with run_postgres(None, durable=False) as postgres, run_temporal(None, ui=False) as temporal:
        await migrate(postgres.dsn)
        # Lost tasks and refused steps are normal in an exploration: do not log them.
        filter_ = TelemetryFilter(core_level="ERROR", other_level="ERROR")
        runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=filter_)))
        client = await Client.connect(temporal.address, data_converter=pydantic_data_converter, runtime=runtime)
        async with explored(postgres.dsn, client) as system:
            yield system


def quiet() -> None:
    """Silence the SDK's log lines about intended failures."""
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
