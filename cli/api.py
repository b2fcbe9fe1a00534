"""`orders api`: the HTTP API and the operators' page."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from application.rights import warn_of_excess_rights
from cli.arguments import AsJson
from cli.output import show, show_json
from cli.running import executed, opened, temporal
from settings import Settings
from telemetry.process import metrics_served
from web.address import listening_address
from web.app import create_app
from web.server import serve_api


@executed(serves=True)
async def api(settings: Settings, as_json: AsJson = False) -> None:
    """Serve the HTTP API and the operators' page on ORDERS_API_ADDRESS, until SIGINT or SIGTERM.

    Requests in flight are then completed, and it exits 0. --json: one line on standard output once it serves.
    """
    address = listening_address(settings)

    async with opened(settings) as app, asyncio.TaskGroup() as group:

        async def announce(url: str) -> None:
            await warn_of_excess_rights(app.pool)
            with contextlib.suppress(BrokenPipeError):  # it serves even when standard output is closed
                show_json({"url": url}) if as_json else show(f"the API and the page: {url}")

        client = await temporal(settings, lazy=True)
        listening = group.create_task(app.wakeup.listen(settings.app_database_url))
        async with metrics_served(settings, app.sources(client), client):
            await serve_api(create_app(app, client), address, ready=partial(_start, group, announce))
        listening.cancel()


def _start(group: asyncio.TaskGroup, announce: Callable[[str], Coroutine[Any, Any, None]], url: str) -> None:
    group.create_task(announce(url))
