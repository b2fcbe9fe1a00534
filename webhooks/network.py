"""Connections to public addresses alone. The checked address is the one that is connected to, so a name that resolves
differently the next time (DNS rebinding) has no effect."""

import asyncio
from collections.abc import Iterable

import httpcore

from webhooks.addresses import Resolve
from webhooks.answer_stream import AnswerStream
from webhooks.public import is_public


class ForbiddenAddress(Exception):
    """The receiver's name resolves to private addresses alone, and ORDERS_WEBHOOKS_ALLOW_PRIVATE is not set."""


class UnknownName(Exception):
    """The receiver's name has no address."""


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name, leaves out private addresses, and connects to one of the rest."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve, self._allow_private = resolve, allow_private
        self._tcp = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that accepts. Raises ForbiddenAddress, UnknownName, and httpcore's errors."""
        try:
            async with asyncio.timeout(timeout):
                allowed = await self._allowed(host, port)
                return AnswerStream(await self._first(allowed, port, timeout, local_address, socket_options))
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    async def _allowed(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolve(host, port)
        except TimeoutError:
            raise
        except OSError:
            raise UnknownName from None
        allowed = [address for address in found if self._allow_private or is_public(address)]
        if not allowed:
            raise ForbiddenAddress
        return allowed

    async def _first(
        self,
        addresses: list[str],
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                return await self._tcp.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._tcp.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: object = None
    ) -> httpcore.AsyncNetworkStream:
        raise ForbiddenAddress

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
