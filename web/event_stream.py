"""Responses of server-sent events; their encoding is FastAPI's."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, cast

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

PING: Final = KEEPALIVE_COMMENT
PING_SECONDS: Final = 15.0
UNBUFFERED: Final = {"X-Accel-Buffering": "no"}
"""Headers of every stream: a proxy that buffers would delay events."""


def opened(start: int) -> bytes:
    """The first block of a stream: an id without data, which clients keep as the last event's id and do not dispatch."""
    return format_sse_event(data_str=None, comment="open", id=str(start))


class EventStream(StreamingResponse):
    """A response that ends with its chunks, or with the client; `web.connection` drops a client that does not read it."""

    media_type = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("head"):
            self.body_iterator = _no_chunks()
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        # Closed here and not by the garbage collector, so that its subscription ends with the response.
        async with aclosing(cast(AsyncGenerator[bytes, None], self.body_iterator)):
            await super().stream_response(send)


async def _no_chunks() -> AsyncGenerator[bytes, None]:
    return
    yield
