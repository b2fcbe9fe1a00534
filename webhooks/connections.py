"""Connections to receivers, and one request over them."""

import asyncio
import email.utils
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Final

import httpcore
import httpx

from webhooks.addresses import LIFTED, Resolve, host_of, port_of
from webhooks.answer_stream import AnswerOutOfBounds
from webhooks.network import ForbiddenAddress, GuardedNetwork, UnknownName
from webhooks.sender import KEPT, LIMIT, Answer, NoAnswer

CONNECT_LIMIT: Final = 5.0  # seconds
MAX_RETRY_AFTER: Final = 24 * 3600.0  # seconds
_MAX_DATE: Final = 64  # characters
_CONNECTIONS: Final = 600  # more than there can be concurrent attempts
_TIMEOUTS: Final = {"connect": CONNECT_LIMIT, "read": LIMIT, "write": LIMIT, "pool": LIMIT}


@cache
def _public_authorities() -> ssl.SSLContext:
    """The certificate authorities that come with Python's packages. Read once: it takes 25 ms."""
    return httpx.create_ssl_context()


class Connections:
    """A pool of connections to receivers: see `Sender`."""

    def __init__(self, allow_private: bool, resolve: Resolve, trust: ssl.SSLContext | None) -> None:
        self._allow_private = allow_private
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or _public_authorities(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=64,
            keepalive_expiry=30,
            network_backend=GuardedNetwork(resolve, allow_private=allow_private),
        )

    async def close(self) -> None:
        await self._pool.aclose()

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        """Send a request and return its response. Raises NoAnswer within LIMIT seconds."""
        target = httpx.URL(url)
        if target.scheme != "https" and not self._allow_private:
            raise NoAnswer("refused address", f"not https ({LIFTED})")
        try:
            async with asyncio.timeout(LIMIT):
                return await self._post(target, headers, body)
        except (TimeoutError, httpcore.TimeoutException) as error:
            during = "no connection" if isinstance(error, httpcore.ConnectTimeout) else "no answer"
            raise NoAnswer(f"{during} in time") from None
        except ForbiddenAddress:
            raise NoAnswer("refused address", f"the name resolves to no public address ({LIFTED})") from None
        except UnknownName:
            raise NoAnswer("unknown name", "the name has no address") from None
        except (httpcore.ConnectError, OSError) as error:
            raise NoAnswer("no connection", str(error)) from None
        except AnswerOutOfBounds as error:
            raise NoAnswer("broken answer", str(error)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            # The error's text may quote the URL's path, a secret: this text is shown to every reader.
            raise NoAnswer("broken answer", type(error).__name__) from None

    async def _post(self, target: httpx.URL, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        url = httpcore.URL(
            scheme=target.raw_scheme, host=host_of(target).encode(), port=port_of(target), target=target.raw_path
        )
        sent = [("host", target.netloc.decode("ascii")), ("content-length", str(len(body))), *headers]
        async with self._pool.stream(
            "POST", url, headers=sent, content=body, extensions={"timeout": _TIMEOUTS}
        ) as response:
            given = {name.lower(): value for name, value in response.headers}
            text = await _beginning(response)
            return Answer(response.status, text, _retry_after(given.get(b"retry-after", b"")))


async def _beginning(response: httpcore.Response) -> str:
    """Return the body's first kilobyte. An unread rest closes the connection at the end of the block."""
    kept = b""
    # The status is known; a body that is out of bounds does not change it.
    with suppress(AnswerOutOfBounds):
        async for chunk in response.aiter_stream():
            kept += chunk[: KEPT - len(kept)]
            if len(kept) >= KEPT:
                break
    return kept.decode(errors="replace").replace("\x00", "�")


def _retry_after(value: bytes) -> float | None:
    """Return the seconds of a Retry-After in either of its forms; None where it is invalid."""
    text = value[:_MAX_DATE].decode("ascii", errors="replace").strip()
    seconds = float(text) if text.isdigit() and len(text) < 10 else None
    if seconds is None and text:
        with suppress(ValueError):
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    return None if seconds is None else min(max(seconds, 1.0), MAX_RETRY_AFTER)
