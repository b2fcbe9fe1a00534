"""Errors of the client. A response that is an error becomes a ProblemError of the class of its status."""

import json
from typing import Any, Final

import httpx

from orders_client.documents import OrderDocument, ProblemDocument

_TYPE: Final = "urn:orders:problem:"


class OrdersError(Exception):
    """Base of the client's errors."""


class NoAnswer(OrdersError):
    """No attempt was answered: the outcome is unknown. Repeat the call with the same idempotency key."""


class WaitTimeout(OrdersError, TimeoutError):
    """The order has neither ended nor does it wait. order: its state when the time was over."""

    def __init__(self, order: OrderDocument, seconds: float) -> None:
        super().__init__(f"order {order['orderId']} is still {order['status']} after {seconds:g} s")
        self.order = order


class ProblemError(OrdersError):
    """A response that is an error. problem: its document (RFC 9457), with all members; kind: the last part of its type, such as
    `order-not-found`; retry_after: seconds; request_id: names the request in the server's log."""

    def __init__(self, status: int, problem: ProblemDocument, headers: httpx.Headers) -> None:
        faults = [
            f"{each.get('pointer', each.get('parameter'))} {each['detail']}" for each in problem.get("errors") or ()
        ]
        super().__init__(f"{status} {'; '.join(faults) or problem['detail']}")
        self.status, self.problem = status, problem
        self.kind = problem["type"].removeprefix(_TYPE)
        self.retry_after = _seconds(headers.get("Retry-After", ""))
        self.request_id = headers.get("X-Request-Id")

    @property
    def may_pass(self) -> bool:
        """True where the same request may succeed later."""
        return self.status == 429 or self.status >= 500 or self.kind == "idempotency-key-in-use"


class InvalidRequest(ProblemError):
    """The request is not valid (400, 422): `problem["errors"]` lists the faults."""


class Unauthorized(ProblemError):
    """The API key is missing or unknown (401)."""


class Forbidden(ProblemError):
    """The key's role does not allow the request (403)."""


class NotFound(ProblemError):
    """There is no such order, refund or SKU (404)."""


class Conflict(ProblemError):
    """The present state does not allow the request, which changed nothing (409)."""


class CursorBeyondLog(ProblemError):
    """A stream cannot resume after this event (410), as after a restore: start without a position."""


class OrderChangedMeanwhile(ProblemError):
    """The order is not at the expected version, and nothing was changed (412): `problem["order"]` is its present state."""


class TooManyRequests(ProblemError):
    """The API key has sent too many requests (429), in all attempts."""


class Unavailable(ProblemError):
    """The server or a part of it did not work (5xx), in all attempts. The outcome of a POST is unknown: repeat it with the same
    idempotency key."""


_CLASSES: Final[dict[int, type[ProblemError]]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: CursorBeyondLog,
    412: OrderChangedMeanwhile,
    422: InvalidRequest,
    429: TooManyRequests,
}


def problem_of(response: httpx.Response) -> ProblemError:
    """The error of a response whose body has been read."""
    status = response.status_code
    kind = _CLASSES.get(status, Unavailable if status >= 500 else ProblemError)
    return kind(status, _document(response), response.headers)


def _document(response: httpx.Response) -> ProblemDocument:
    """The problem document, or one made of the status where a proxy has answered."""
    try:
        found: Any = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        found = None
    made = ProblemDocument(
        type="about:blank", title=response.reason_phrase, status=response.status_code, detail="no problem document"
    )
    return {**made, **found} if isinstance(found, dict) else made


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None
