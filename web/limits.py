"""Checks before any handler: the origin of a request, and the size and format of its body."""

import asyncio
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.order_json import NotJson, decode_json
from web.address import is_loopback
from web.problems import Forbidden, Invalid, Problem, problem_response

MAX_BODY: Final = 1024 * 1024  # bytes
BODY_SECONDS: Final = 20.0
_SAFE: Final = ("GET", "HEAD", "OPTIONS")


class Limits:
    """Refuses requests from other sites' pages, and bodies that are too large or compressed. loopback_only: no keys are
    configured, so a page of another site must not reach this server by a host name of its own."""

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app, self._loopback_only = app, loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope["method"], Headers(scope=scope))
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)

    def _check(self, method: str, headers: Headers) -> None:
        if self._loopback_only:
            _require_loopback(headers.getlist("host"))
        if method not in _SAFE:
            _require_same_origin(headers)
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Problem(415, "unsupported-media-type", "the body must not be compressed")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > MAX_BODY:
            raise _too_large()


def _require_loopback(hosts: Iterable[str]) -> None:
    # DNS rebinding: a page of evil.example, whose name now resolves to this machine, still sends evil.example here.
    for host in hosts:
        if not is_loopback(_hostname(host) or ""):
            raise Forbidden("without ORDERS_API_KEYS only loopback host names are served")


def _require_same_origin(headers: Headers) -> None:
    """Refuse another site's page: browsers send the page's origin with a change, programs send none."""
    origin = headers.get("origin")
    if origin is not None and _netloc(origin) != headers.get("host", "").lower():
        raise Forbidden("pages of other sites may not send changes")


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # brackets without an IPv6 address inside
        return None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _counted(receive: Receive) -> Receive:
    """Raise once a body exceeds MAX_BODY: a chunked body declares no length."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY:
            raise _too_large()
        return message

    return counted


def _too_large() -> Problem:
    return Problem(
        413, "body-too-large", f"the body is larger than {MAX_BODY:,} bytes", headers={"Connection": "close"}
    )


async def read_body(request: Request) -> bytes:
    """Read the body, which is JSON or empty. Raises the problem of any other body."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.body()
    except TimeoutError:
        raise Problem(408, "body-too-slow", f"the body took more than {BODY_SECONDS:.0f} s") from None
    given = request.headers.get("content-type")
    if body or given:
        _require_json(given or "")
    if body:
        try:
            # FastAPI reads its bodies from here, so that they have the numbers that `decode_json` makes.
            request._json = decode_json(body, [])
        except NotJson as error:
            raise Invalid(f"the body {error}", [{"pointer": "", "detail": str(error)}]) from None
    return body


def _require_json(content_type: str) -> None:
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower()
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise Problem(415, "unsupported-media-type", "the body must be application/json in UTF-8")
