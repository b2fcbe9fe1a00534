"""The outermost middleware, for every request and response: see `web.app.create_app`."""

import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.requests import route_of
from web.problems import Problem, problem_response
from web.request_id import HEADER as REQUEST_ID
from web.request_id import request_id

_INTERNAL: Final = Problem(500, "internal-error", "an internal error; the server's log has the details")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
}
# After these the id in the path may be that of no order: any text, which a log line must not have.
_OF_NO_ORDER: Final = frozenset({400, 404, 422})
_log = structlog.get_logger(__name__)


class FrontDoor:
    """Logs each request, adds its id and the security headers, serves HEAD as GET without a body, answers 500 to an unexpected
    exception.

    The log line has the ids of request, trace and order, and no query, key, body or other path parameter: nothing that could
    be secret or personal.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        # The server omits the body by its own scope, which keeps the original method.
        inner: Scope = {**scope, "method": "GET" if method == "HEAD" else method, "state": {}, "head": method == "HEAD"}
        id_ = request_id(Headers(scope=scope).get(REQUEST_ID))
        # A pipelined request begins in the context of the one before it.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=id_)
        answer = _Answer(send, id_, api=scope["path"].startswith("/v1"))
        started = time.monotonic()
        try:
            await self._app(inner, receive, answer.send)
        except ClientDisconnect:
            pass  # in the middle of its body: the client is gone, and nothing has failed here
        except Exception:
            _log.exception("request failed", method=method, route=route_of(inner))
            if answer.status is None:
                await problem_response(_INTERNAL)(inner, receive, answer.send)
        finally:
            milliseconds = round((time.monotonic() - started) * 1000, 1)
            caller = inner["state"].get("caller")
            if answer.status in _OF_NO_ORDER:
                structlog.contextvars.unbind_contextvars("order_id")
            _log.info(
                "request",
                method=method,
                route=route_of(inner),
                status=answer.status,
                ms=milliseconds,
                actor=caller.actor if caller else None,
            )


class _Answer:
    """Sends a response with the request's id and the security headers, and keeps its status."""

    def __init__(self, send: Send, request_id: str, *, api: bool) -> None:
        self._send, self._request_id, self._api = send, request_id, api
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self._request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store" if self._api else "no-cache")
        await self._send(message)
