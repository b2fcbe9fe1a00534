"""`orders worker`: the worker process of a deployment."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import typer

from application.readiness import worker_problems
from application.rights import warn_of_excess_rights
from cli.arguments import AsJson
from cli.output import show_json
from cli.running import executed, opened, temporal
from settings import Settings
from telemetry.probes import probes_served
from telemetry.process import metrics_served
from worker import Role, serve

Roles = Annotated[
    list[Role] | None, typer.Option("--role", help="Serve only this role; may be given several times. Default: all.")
]


@executed(serves=True)
async def worker(settings: Settings, roles: Roles = None, as_json: AsJson = False) -> None:
    """Run the Temporal worker, the dispatcher and the projector, until SIGINT or SIGTERM.

    Activities in flight then finish, and it exits 0; or 1, where some do not end within ORDERS_SHUTDOWN_SECONDS.
    --json: one line on standard output once it serves.
    """
    chosen = tuple(dict.fromkeys(roles or Role))

    async with opened(settings) as app:

        async def announce() -> None:
            await warn_of_excess_rights(app.pool)
            if as_json:
                show_json({"serving": [str(role) for role in chosen], "taskQueue": settings.task_queue})

        client = await temporal(settings)
        async with (
            metrics_served(settings, app.sources(client), client),
            probes_served(settings.health_address, lambda: worker_problems(app.store, client)),
        ):
            await serve_and_announce(partial(serve, app, client, chosen), announce)


async def serve_and_announce(serving: Callable[..., Awaitable[None]], announce: Callable[[], Awaitable[None]]) -> None:
    """Serve until cancelled, and call `announce` once `serving` has set the event that it is given as `ready`."""
    ready = asyncio.Event()

    async def announce_when_ready() -> None:
        await ready.wait()
        with contextlib.suppress(BrokenPipeError):  # it serves even when standard output is closed
            await announce()

    announcing = asyncio.create_task(announce_when_ready())
    try:
        await serving(ready=ready)
    finally:
        announcing.cancel()
