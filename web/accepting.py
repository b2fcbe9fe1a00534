"""The headers Accept and Accept-Encoding: media types and codings that a client takes (RFC 9110, 12.5)."""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Receive, Scope, Send

from web.problems import Problem

HEADER: Final = "Accept"
_ENCODING: Final = "Accept-Encoding"
# A strong entity tag names one sequence of bytes (RFC 9110, 8.8.3): the compressed representation has its own.
_GZIPPED: Final = '-gzip"'
_CONDITIONS: Final = (b"if-match", b"if-none-match")


class Compressing(GZipMiddleware):
    """Compresses responses for clients that take gzip. Starlette's own also compresses where its quality is 0.

    A compressed response has an entity tag of its own, `"5-gzip"` for `"5"`; the application sees `"5"` alone.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope)
        known = ", ".join(given.getlist("If-None-Match"))

        async def send_variant(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark_variant(message, known)
            await send(message)

        # In place: the log line of the request reads the route from this scope.
        scope["headers"] = [_without_variant(*header) for header in scope["headers"]]
        compress = super().__call__ if is_accepted(given.get(_ENCODING), "gzip") else self.app
        await compress(scope, receive, send_variant)


def _without_variant(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a header with the tags of uncompressed representations."""
    return name, value.replace(_GZIPPED.encode(), b'"') if name in _CONDITIONS else value


def _mark_variant(message: Message, known: str) -> None:
    """Set Vary, and the entity tag of the compressed representation. known: the tags that the client has, one of which a 304
    repeats."""
    headers = MutableHeaders(scope=message)
    headers.setdefault("Vary", _ENCODING)
    tag = headers.get("ETag", "")
    compressed = tag.removesuffix('"') + _GZIPPED
    if tag and (headers.get("Content-Encoding") == "gzip" or (message["status"] == 304 and compressed in known)):
        headers["ETag"] = compressed


def require_accepted(header: str | None, produced: str) -> None:
    """Raise 406 where the client takes no response of this media type."""
    if not is_accepted(header, produced):
        raise Problem(406, "not-acceptable", f"the response is {produced}, which {HEADER} does not allow")


def is_accepted(header: str | None, produced: str) -> bool:
    """True where the most specific range for the media type has a quality above 0. No header accepts every type."""
    if header is None or not header.strip():
        return True
    wanted = (produced, f"{produced.partition('/')[0]}/*", "*/*")
    qualities: dict[str, float] = {}
    for element in header.split(","):
        media_range, *parameters = (part.strip().lower() for part in element.split(";"))
        if media_range in wanted:
            qualities[media_range] = max(qualities.get(media_range, 0.0), _quality(parameters))
    return next((qualities[each] for each in wanted if each in qualities), 0.0) > 0


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
