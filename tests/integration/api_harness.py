"""The HTTP API as seen by clients: a server on a real socket, over a real database."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from temporalio.client import Client

from bootstrap import App, build_app
from eventstore.pool import open_pool
from orders.commands import Command, ConfirmOrder, RecordPayment, RecordShipment
from orders.ids import stream_name
from settings import Settings
from tests.integration.projections_harness import owner
from tests.plain_http import plain_http
from tests.running_system import DEADLINE, new_id, order_data
from web.address import Address
from web.app import create_app
from web.server import serve_api
from web.system import System

READER, WRITER, OPERATOR = "key-of-the-reader-01", "key-of-the-writer-02", "key-of-operator-03"
KEYS: Final = f"ann:read:{READER},bob:write:{WRITER},cyd:operate:{OPERATOR}"
ANY_PORT: Final = Address("127.0.0.1", 0)
JSON: Final = {"Content-Type": "application/json"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@dataclass
class Api:
    """A served API and a client of it. http: sends the operator's key if the API has keys."""

    app: App
    url: str
    http: httpx.AsyncClient
    system: System
    serving: asyncio.Task[None]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        url = httpx.URL(self.url)
        assert url.port
        return url.host, url.port

    @property
    def open_streams(self) -> int:
        return self.system.streams.open

    async def stop(self) -> None:
        """Stop the server, as a signal does."""
        self.serving.cancel()
        await asyncio.wait({self.serving})

    async def get(self, path: str, **parameters: Any) -> Any:
        """The document of a successful GET."""
        answer = await self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The answer to a POST; headers with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, json=body, headers=named)

    async def place(self, order_id: str | None = None, **changes: Any) -> str:
        answer = await self.post("/v1/orders", order_data(order_id or new_id(), **changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["orderId"])

    async def handle(self, order_id: str, *commands: Command) -> None:
        """Handle a command, in place of a workflow."""
        for command in commands:
            await self.app.orders.handle(stream_name(order_id), command, command_id=new_id(), metadata={})

    async def ship(self, order_id: str, total: int = 3000) -> None:
        """Record all steps up to the shipment, as the workflows do."""
        await self.handle(
            order_id,
            ConfirmOrder(order_id),
            RecordPayment(order_id, f"pay-{order_id}", total, "EUR"),
            RecordShipment(order_id, f"ship-{order_id}", f"T-{order_id}", "post"),
        )

    async def project(self) -> None:
        """Bring the read models up to date, as the projector would."""
        for projector in self.app.projectors():
            while await projector.step():
                pass


@asynccontextmanager
async def api_of(app: App, client: Client, *, key: str | None = None) -> AsyncIterator[Api]:
    """The API of an existing application. key: sent by its client."""
    made, url = create_app(app, client), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_api(made, ANY_PORT, ready=url.set_result))
    await asyncio.wait([serving, url], return_when=asyncio.FIRST_COMPLETED)
    try:
        if serving.done():
            await serving
        headers = bearer(key) if key else {}
        async with plain_http(url.result(), timeout=DEADLINE, headers=headers) as http:
            yield Api(app, url.result(), http, made.state.system, serving)
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@asynccontextmanager
async def api(
    database_url: str,
    client: Client,
    *,
    key: str | None = None,
    adapt: Callable[[App], App] = lambda app: app,
    **settings: Any,
) -> AsyncIterator[Api]:
    """The API alone over a database: no worker, no dispatcher, no projector. adapt: replaces parts with doubles."""
    values = Settings(database_url=database_url, task_queue=f"api-{new_id()}", **settings)
    async with open_pool(database_url) as pool:
        app = adapt(build_app(values, pool))
        try:
            async with api_of(app, client, key=key) as served:
                yield served
        finally:
            await app.close()


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem document of an answer, which must be complete and of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:orders:problem:{kind}", document
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in answer.text
    return document


@dataclass(frozen=True)
class ServerEvent:
    """A server-sent event."""

    event: str
    id: int
    data: dict[str, Any]


@dataclass
class Listener:
    """Reads a stream. comments: its comment lines."""

    lines: AsyncIterator[str]
    comments: list[str] = field(default_factory=list)

    async def next(self) -> ServerEvent:
        """The next event, within the deadline."""
        async with asyncio.timeout(DEADLINE):
            found = await self._next()
        assert found is not None, "the stream has ended"
        return found

    async def events(self, count: int) -> list[ServerEvent]:
        return [await self.next() for _ in range(count)]

    async def rest(self) -> list[ServerEvent]:
        """All events until the end of the stream, which must come."""
        received = []
        async with asyncio.timeout(DEADLINE):
            while (found := await self._next()) is not None:
                received.append(found)
        return received

    async def _next(self) -> ServerEvent | None:
        fields: dict[str, str] = {}
        async for line in self.lines:
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                return ServerEvent(fields["event"], int(fields["id"]), json.loads(fields["data"]))
        return None


@asynccontextmanager
async def listening(
    served: Api, path: str, *, last_event_id: int | None = None, **parameters: Any
) -> AsyncGenerator[Listener, None]:
    """Open a stream of the API."""
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    async with served.http.stream("GET", path, params=parameters, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(answer.aiter_lines())


async def raw(url: str, request: bytes) -> bytes:
    """The answer of a server to raw bytes, until it closes or has answered."""
    parts = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parts.host, parts.port)
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(DEADLINE):
            head = await reader.readuntil(b"\r\n\r\n")
            return head + await reader.read(65536)
    finally:
        writer.close()


async def cut_connections(database_url: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """End every connection of the application to its database; meanwhile: runs before they can return."""
    async with owner(database_url) as connection:
        meanwhile()
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


async def opened(listener: Listener) -> None:
    """Wait until the server has begun the stream, and so listens to the log."""
    async for line in listener.lines:
        if line.startswith(":"):
            return
