"""Requests to the API, each repeated until it is answered, a bounded number of times."""

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from orders_client.errors import NoAnswer, OrdersError, ProblemError, problem_of

_LONGEST_PAUSE: Final = 5.0  # seconds, where the server names none
_LONGEST_RETRY_AFTER: Final = 60.0  # seconds; a longer one raises its error at once
# The server sends a comment every 15 seconds: a longer silence is a lost connection.
_SILENCE: Final = 40.0


class Api:
    """Sends requests. tries: attempts at one request; timeout: seconds for each.

    A repeated POST has one effect: all of its attempts have the same Idempotency-Key.
    """

    def __init__(
        self, url: str, key: str | None, *, tries: int, timeout: float, transport: httpx.BaseTransport | None
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.tries, self._timeout = tries, timeout
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        """Return the response, a success or 304. Raises ProblemError, NoAnswer."""
        of_post = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex} if method == "POST" else {}
        given = {name: value for name, value in (params or {}).items() if value is not None}
        request = self._http.build_request(
            method, path, json=body, params=given, headers={**(headers or {}), **of_post}
        )
        failures = 0
        while True:
            try:
                return self._send(request)
            except OrdersError as error:
                failures += 1
                self.pause(error, failures)

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._http.send(request)
        except httpx.TransportError as error:
            raise _no_answer(request, error) from error
        if response.is_success or response.status_code == 304:
            return response
        raise problem_of(response)

    @contextmanager
    def stream(self, path: str, last_id: int | None) -> Iterator[Iterator[bytes]]:
        """Open a stream of events after one; the block gets its bytes. Raises ProblemError, NoAnswer, also within the block."""
        headers = {"Accept": "text/event-stream"} | ({} if last_id is None else {"Last-Event-ID": str(last_id)})
        request = self._http.build_request(
            "GET", path, headers=headers, timeout=httpx.Timeout(self._timeout, read=_SILENCE)
        )
        try:
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    response.read()
                    raise problem_of(response)
                yield response.iter_bytes()
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _no_answer(request, error) from error

    def pause(self, error: OrdersError, failures: int) -> None:
        """Wait before the next attempt. Raises the error where there is none: it is final, or was the last."""
        named = error.retry_after if isinstance(error, ProblemError) else None
        is_final = isinstance(error, ProblemError) and not error.may_pass
        if is_final or failures >= self.tries or (named or 0) > _LONGEST_RETRY_AFTER:
            raise error
        time.sleep(pause_after(failures) if named is None else named)


def pause_after(failures: int) -> float:
    """Seconds before the next attempt: growing, and random, so that clients do not return all at once."""
    return min(_LONGEST_PAUSE, 0.2 * 2.0**failures) * random.uniform(0.5, 1)


def _no_answer(request: httpx.Request, error: Exception) -> NoAnswer:
    return NoAnswer(f"{request.method} {request.url.copy_with(query=None)}: {error or type(error).__name__}")
