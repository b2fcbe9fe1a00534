"""A receiver of webhooks on loopback: a real HTTP server whose answers a test defines."""

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One received request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def event(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(self.event["type"])

    @property
    def subject(self) -> str:
        return str(self.event["subject"])

    def verify(self, secret: str) -> None:
        """Verify it with the reference implementation. Raises WebhookVerificationError."""
        Webhook(secret).verify(self.body, self.headers)


@dataclass
class Answer:
    """An answer. hangs: none until the sender or the receiver closes. raw: exactly these bytes instead."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hangs: bool = False
    raw: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


Decide = Callable[[Received], Answer]


class Receiver:
    """Keeps every request; `decide` returns the answer to each, 204 by default."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.decide: Decide = lambda _: Answer()
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self._server: asyncio.Server | None = None
        self._closing = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def of(self, order_id: str) -> list[Received]:
        return [each for each in self.received if each.subject == order_id]

    def types(self, order_id: str) -> list[str]:
        return [each.type for each in self.of(order_id)]

    async def start(self, trust: ssl.SSLContext | None = None) -> None:
        """Listen, on the previous port after a stop."""
        self._closing = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=trust)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and end open ones."""
        self._closing.set()
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        closing = asyncio.ensure_future(self._closing.wait())
        serving = asyncio.ensure_future(self._requests(reader, writer))
        try:
            await asyncio.wait([closing, serving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.open -= 1
            for task in (closing, serving):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError, ValueError):
                await serving
            writer.transport.abort()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await _read(reader)
            self.received.append(request)
            answer = self.decide(request)
            if answer.hangs:
                await reader.read()  # until the sender gives up
                return
            elif answer.raw is not None:
                await answer.raw(writer)
            else:
                lines = [f"{name}: {value}" for name, value in answer.headers.items()]
                head = [f"HTTP/1.1 {answer.status} Answer", f"content-length: {len(answer.body)}", *lines]
                writer.write("\r\n".join([*head, "", ""]).encode() + answer.body)
                await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Received:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(first.split(" ")[1], headers, body)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()
