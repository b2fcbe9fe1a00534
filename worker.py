"""The process: Temporal worker, dispatcher and projector, each selectable, with one graceful stop."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum

import structlog
from temporalio.client import Client
from temporalio.worker import Interceptor

from activities.interceptors.in_progress import InProgress
from bootstrap import (
    App,
    build_dispatcher,
    build_projectors,
    build_relay,
    build_runner,
    build_webhook_worker,
    build_worker,
    connect_temporal,
    open_app,
    require_search_attributes,
)
from process import run, running_workers
from settings import load_settings
from telemetry import configure_logging
from telemetry.process import configure_temporal, metrics_served
from telemetry.tracing import configure_tracing
from webhooks.sender import Sender

# Seconds. A projection's step takes as long for one event as for some: a twentieth of an order's processor time, for
# read models that are this much later while orders flow.
_GATHER = 0.05
_log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process does. Any number of processes may have each role; dispatcher and projector have one owner at a time."""

    WORKER = "worker"
    DISPATCHER = "dispatcher"
    PROJECTOR = "projector"
    WEBHOOKS = "webhooks"


async def serve(
    app: App,
    client: Client,
    roles: Collection[Role],
    *,
    ready: asyncio.Event | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> None:
    """Run the roles until cancelled; then activities in flight finish and everything is given up in order. Raises
    StillRunning where some do not end within the grace time, nor when they are cancelled after it."""
    await require_search_attributes(client)
    in_progress = InProgress()
    async with AsyncExitStack() as stack:
        workers = []
        if Role.WORKER in roles:
            workers.append(build_worker(app, client, [in_progress, *interceptors]))
        if Role.WEBHOOKS in roles:
            sender = await stack.enter_async_context(Sender(allow_private=app.settings.webhooks_allow_private))
            workers.append(build_webhook_worker(app, client, sender, [in_progress, *interceptors]))
        grace = app.settings.shutdown_seconds
        async with running_workers(workers, grace, in_progress.names), asyncio.TaskGroup() as group:
            group.create_task(app.wakeup.listen(app.settings.app_database_url))
            if Role.DISPATCHER in roles:
                dispatcher = build_dispatcher(app, client, eager=Role.WORKER in roles)
                group.create_task(build_runner(app, dispatcher).run())
            if Role.PROJECTOR in roles:
                for projector in build_projectors(app):
                    group.create_task(build_runner(app, projector, gather=_GATHER).run())
            if Role.WEBHOOKS in roles:
                group.create_task(build_runner(app, build_relay(app, client)).run())
            _log.info(
                "serving",
                roles=[str(role) for role in roles],
                task_queue=app.settings.task_queue,
                payments=app.settings.payments,
                labels=app.settings.labels,
            )
            if ready is not None:
                ready.set()


async def main(roles: Collection[Role] = tuple(Role)) -> None:
    """Serve by the environment's settings until SIGINT or SIGTERM."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    configure_tracing(settings)
    configure_temporal(settings)
    async with open_app(settings) as app:
        client = await connect_temporal(settings)
        try:
            async with metrics_served(settings, app, client):
                await serve(app, client, roles)
        except asyncio.CancelledError:
            _log.info("stopped")


if __name__ == "__main__":
    run(main)
