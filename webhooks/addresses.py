"""Which addresses a webhook may go to: none inside anybody's network, unless a setting says so."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx

from webhooks.errors import InvalidEndpoint

MAX_URL: Final = 2_048
RESOLVE_LIMIT: Final = 5.0  # seconds

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host's name and port to its addresses. Raises OSError where it has none."""

_HOST: Final = re.compile(r"[a-z0-9._:-]+")
_IPV6_GLOBAL: Final = ipaddress.ip_network("2000::/3")
# Global by the registry, and yet a way in: relays to addresses of IPv4, and a cloud's own metadata service.
_WAYS_IN: Final = tuple(
    map(
        ipaddress.ip_network,
        ("192.88.99.0/24", "168.63.129.16/32", "2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
# Its own threads: names that hang must hold up no other look-up of this process.
_LOOKING_UP: Final = ThreadPoolExecutor(max_workers=32, thread_name_prefix="webhooks-dns")


def is_public(text: str) -> bool:
    """Whether an address belongs to nobody's own network: not private, loopback, link-local, shared (CGNAT), multicast,
    reserved, unspecified, mapped or translated from IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6 and (address not in _IPV6_GLOBAL or "%" in text):
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address.version == each.version and address in each for each in _WAYS_IN)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's own look-up. Raises OSError, TimeoutError included."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_LIMIT):
        found = await loop.run_in_executor(
            _LOOKING_UP, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        )
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def checked_url(text: str, *, allow_private: bool, resolve: Resolve = resolve) -> str:
    """The URL in its normal spelling, where webhooks may go there. Raises InvalidEndpoint."""
    url = _parsed(text)
    _require_scheme(url, allow_private)
    try:
        addresses = await resolve(host_of(url), port_of(url))
    except OSError:
        raise InvalidEndpoint("url", f"the name {url.host} has no address") from None
    if not allow_private and not any(map(is_public, addresses)):
        raise InvalidEndpoint("url", f"{url.host} is not a public address")
    return str(url)


def _parsed(text: str) -> httpx.URL:
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


def _require_scheme(url: httpx.URL, allow_private: bool) -> None:
    if url.scheme != "https" and not allow_private:
        raise InvalidEndpoint(
            "url",
            "must begin with https://: events carry names and addresses (ORDERS_WEBHOOKS_ALLOW_PRIVATE lifts that)",
        )


def host_of(url: httpx.URL) -> str:
    """The host as it is looked up: international names in their ASCII form, IPv6 without brackets."""
    return url.raw_host.decode("ascii").strip("[]")


def port_of(url: httpx.URL) -> int:
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def without_query(url: str) -> str:
    """The URL as it may be shown: receivers keep tokens in the query."""
    head, mark, _ = url.partition("?")
    return head + mark + ("…" if mark else "")
