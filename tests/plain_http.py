"""HTTP clients of servers on this machine."""

import ssl
from typing import Any, Final

import httpx

# Without the authorities' certificates: reading them takes a client 30 ms, a tenth of a second on a busy machine.
_NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def plain_http(address: str = "", **options: Any) -> httpx.AsyncClient:
    """A client that speaks plain HTTP, by default to one server."""
    return httpx.AsyncClient(base_url=address, verify=_NO_AUTHORITIES, trust_env=False, **options)
