"""The HTTP server of the API, inside a running event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI

from web.address import Address, listen, url_of
from web.connection import Connection

# Time for requests in flight; streams are ended first, so that they do not delay the stop.
_STOP_SECONDS: Final = 10
# Connections that asyncio may accept in one turn: with `web.connection.MAX_CONNECTIONS` below 1,024 open files.
_ACCEPTED_AT_ONCE: Final = 200
_log = structlog.get_logger(__name__)


async def serve_api(api: FastAPI, address: Address, *, ready: Callable[[str], None] = lambda url: None) -> None:
    """Serve an application until cancelled; requests in progress are then completed and streams ended.

    ready: called with the URL once it serves. The caller runs `Wakeup.listen`, without which streams are a little slower.
    Raises SettingsError where the address is taken.
    """
    with contextlib.closing(listen(address)) as listening:
        url = url_of(listening, address.host)
        server = _Server(
            uvicorn.Config(
                api,
                loop="none",
                http=partial(Connection, refusals=api.state.system.refusals),  # type: ignore[arg-type]
                backlog=_ACCEPTED_AT_ONCE,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            if await _started(server, serving):
                _log.info("serving the API", url=url)
                ready(url)
            await asyncio.shield(serving)
        finally:
            api.state.system.streams.stop()
            api.state.system.bulk_actions.stop()
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def api_served(api: FastAPI, address: Address) -> AsyncIterator[str]:
    """Serve the API while the block runs; yields its URL, which is that of its page unless the settings name another."""
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_api(api, address, ready=url.set_result))
    try:
        either: list[asyncio.Future[Any]] = [serving, url]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        system = api.state.system
        api.state.system = replace(system, settings=system.settings.with_page(url.result()))
        yield url.result()
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def _started(server: "_Server", serving: "asyncio.Task[None]") -> bool:
    starting = asyncio.create_task(server.begun.wait())
    try:
        await asyncio.wait({starting, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        starting.cancel()
    return server.begun.is_set()


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers. begun: set once it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.begun.set()
