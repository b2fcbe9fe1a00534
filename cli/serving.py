"""`orders migrate` and `orders worker`: what a deployment runs."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import typer

from application.readiness import worker_problems
from application.rights import warn_of_excess_rights
from cli.arguments import AsJson
from cli.failures import require_address
from cli.output import say, show, show_json
from cli.running import execute, opened, temporal
from eventstore.migrate import migrate
from settings import Settings
from telemetry.probes import probes_served
from telemetry.process import metrics_served
from worker import Role, serve

Roles = Annotated[
    list[Role] | None, typer.Option("--role", help="Only this; may be given several times. Default: all.")
]


def migrate_database(as_json: AsJson = False) -> None:
    """Bring the database's schema up to date, as its owner (DATABASE_OWNER_URL, else DATABASE_URL)."""

    async def command(settings: Settings) -> None:
        require_address(settings.owner_database_url)
        applied = await migrate(settings.owner_database_url, on_wait=say)
        if as_json:
            show_json({"applied": applied})
        else:
            show("\n".join(f"applied {name}" for name in applied) or "nothing to apply")

    execute(command)


def worker(roles: Roles = None, as_json: AsJson = False) -> None:
    """Run the Temporal worker, the dispatcher and the projector, until SIGINT or SIGTERM.

    Activities in flight then finish, and it exits 0; or 1, where some do not end within ORDERS_SHUTDOWN_SECONDS.
    --json: one line on standard output once it serves.
    """

    async def command(settings: Settings) -> None:
        chosen = tuple(dict.fromkeys(roles or Role))

        async with opened(settings) as app:

            async def tell() -> None:
                await warn_of_excess_rights(app.pool)
                if as_json:
                    show_json({"serving": [str(role) for role in chosen], "taskQueue": settings.task_queue})

            client = await temporal(settings)
            async with (
                metrics_served(settings, app.sources(client), client),
                probes_served(settings.health_address, lambda: worker_problems(app.store, client)),
            ):
                await serve_and_tell(partial(serve, app, client, chosen), tell)

    execute(command, serves=True)


async def serve_and_tell(serving: Callable[..., Awaitable[None]], tell: Callable[[], Awaitable[None]]) -> None:
    """Serve until cancelled, and call `tell` once `serving` has set the event that it is given as `ready`."""
    ready = asyncio.Event()

    async def tell_when_ready() -> None:
        await ready.wait()
        with contextlib.suppress(BrokenPipeError):  # it serves whether or not anybody reads that
            await tell()

    telling = asyncio.create_task(tell_when_ready())
    try:
        await serving(ready=ready)
    finally:
        telling.cancel()
