"""Server-sent events on the wire (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, cast

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

PING: Final = b": ping\n\n"
OPENED: Final = b": open\n\n"
PING_SECONDS: Final = 15.0
# Whoever takes nothing for so long is not there any more, or too slow.
SEND_SECONDS: Final = 10.0


def sse(event: str, id: int, data: str) -> bytes:
    """One event. data: JSON, and so one line."""
    return f"event: {event}\nid: {id}\ndata: {data}\n\n".encode()


class EventStream(StreamingResponse):
    """An answer that goes on until its chunks end, the client leaves, or it stops taking them."""

    media_type = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._head = bool(scope.get("head"))
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(cast(AsyncGenerator[bytes, None], self.body_iterator)) as chunks:
            async for chunk in chunks:
                if self._head:
                    break
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    break
        await send({"type": "http.response.body", "body": b"", "more_body": False})
