"""URLs that webhooks may go to: public addresses alone, unless a setting allows private ones."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from webhooks.errors import InvalidEndpoint
from webhooks.public import is_public

if TYPE_CHECKING:
    import httpx

MAX_URL: Final = 2_048
RESOLVE_LIMIT: Final = 5.0  # seconds
LIFTED: Final = "ORDERS_WEBHOOKS_ALLOW_PRIVATE lifts that"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host's name and port to addresses. Raises OSError where it has none."""

_HOST: Final = re.compile(r"[a-z0-9._:-]+")
# Separate threads: look-ups that hang must not delay any other look-up of this process.
_LOOKING_UP: Final = ThreadPoolExecutor(max_workers=32, thread_name_prefix="webhooks-dns")


async def resolve(host: str, port: int) -> Sequence[str]:
    """Resolve by the operating system. Raises OSError, TimeoutError included."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_LIMIT):
        found = await loop.run_in_executor(
            _LOOKING_UP, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        )
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def checked_url(text: str, *, allow_private: bool, resolve: Resolve = resolve) -> str:
    """Return the URL in its normal spelling. Raises InvalidEndpoint where webhooks may not go there."""
    url = _parsed(text)
    _require_scheme(url, allow_private)
    try:
        addresses = await resolve(host_of(url), port_of(url))
    except OSError:
        raise InvalidEndpoint("url", f"the name {url.host} has no address") from None
    if not allow_private and not any(map(is_public, addresses)):
        raise InvalidEndpoint("url", f"{url.host} is not a public address ({LIFTED})")
    return str(url)


def _parsed(text: str) -> "httpx.URL":
    import httpx  # noqa: PLC0415 – commands without a webhook do not wait for it

    if len(text) > MAX_URL:
        raise InvalidEndpoint("url", f"must be at most {MAX_URL:,} characters long, not {len(text):,}")
    try:
        url = httpx.URL(text)
        usable = _HOST.fullmatch(host_of(url)) and 0 < port_of(url) < 65_536 and url.scheme in ("http", "https")
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable:
        raise InvalidEndpoint("url", "must be an address such as https://example.com/hooks")
    if url.userinfo:
        raise InvalidEndpoint("url", "must not hold a user or password")
    if url.fragment or "#" in text:
        raise InvalidEndpoint("url", "must not hold a fragment")
    return url


def _require_scheme(url: "httpx.URL", allow_private: bool) -> None:
    if url.scheme != "https" and not allow_private:
        raise InvalidEndpoint("url", f"must begin with https://: events carry names and addresses ({LIFTED})")


def host_of(url: "httpx.URL") -> str:
    """Return the host as it is resolved: international names in their ASCII form, IPv6 without brackets."""
    return url.raw_host.decode("ascii").strip("[]")


def port_of(url: "httpx.URL") -> int:
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def without_query(url: str) -> str:
    """Return the URL with its query hidden: receivers keep tokens there."""
    head, mark, _ = url.partition("?")
    return head + mark + ("…" if mark else "")


def origin(url: str) -> str:
    """Return the URL with its path and query hidden, for callers who may only read: many receivers keep a token in the path."""
    import httpx  # noqa: PLC0415

    parts = httpx.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode('ascii')}/…"
