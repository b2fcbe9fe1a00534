"""POST to a receiver: no redirect is followed, no proxy used, at most a kilobyte of the response read."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from webhooks.addresses import Resolve, resolve

if TYPE_CHECKING:
    from webhooks.connections import Connections

LIMIT: Final = 15.0  # seconds, for the whole request
KEPT: Final = 1_024  # bytes of the response


@dataclass(frozen=True, slots=True)
class Answer:
    """A receiver's response: status, the first bytes of the body as text, seconds of its Retry-After."""

    status: int
    text: str
    retry_after: float | None


class NoAnswer(Exception):
    """The receiver did not respond. kind: the reason in two words, without the receiver's address."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


class Sender:
    """A pool of connections to receivers. Use it in `async with`, which closes them. The first request opens it: its client
    and certificate authorities take memory, which a process that delivers nothing does not need."""

    def __init__(
        self, *, allow_private: bool = False, resolve: Resolve = resolve, trust: ssl.SSLContext | None = None
    ) -> None:
        self._allow_private, self._resolve, self._trust = allow_private, resolve, trust
        self._opened: Connections | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        """Send a request and return its response. Raises NoAnswer within LIMIT seconds."""
        return await self._connections().post(url, headers, body)

    def _connections(self) -> "Connections":
        if self._opened is None:
            from webhooks.connections import Connections  # noqa: PLC0415

            self._opened = Connections(self._allow_private, self._resolve, self._trust)
        return self._opened
