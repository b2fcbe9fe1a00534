"""The headers Accept and Accept-Encoding: media types and codings that a client takes (RFC 9110, 12.5)."""

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from web.problems import Problem

HEADER: Final = "Accept"


class Compressing(GZipMiddleware):
    """Compresses responses for clients that take gzip. Starlette's own also compresses where its quality is 0."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_accepted(Headers(scope=scope).get("Accept-Encoding"), "gzip"):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


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
