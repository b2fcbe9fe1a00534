"""Stripe's errors as the gateways' errors, without text that could quote the request."""

import re
from typing import Any, Final

import stripe
import structlog

from gateways.errors import DefiniteRefusal, GatewayBusy, GatewayMisconfigured, GatewayUnavailable, PaymentDeclined
from gateways.stripe.refusals import USED

_LOGGED: Final = 300  # characters of Stripe's message
_SERVER_ERROR: Final = 500
_USED_BEFORE: Final = "PaymentMethod was previously used"  # of a refusal without code and parameter
_CACHED: Final = (400, 402, 404)  # statuses whose answers Stripe caches under the idempotency key
_log = structlog.get_logger(__name__)


class StripeRefused(GatewayMisconfigured):
    """Stripe refuses the request: our error, unless the object's state explains it. code: Stripe's."""

    def __init__(self, code: str, parameter: str) -> None:
        super().__init__(f"Stripe refuses the request: {code}" + (f" at {parameter}" if parameter else ""))
        self.code = code
        self.parameter = parameter


def translated(error: stripe.StripeError) -> GatewayUnavailable | GatewayMisconfigured | DefiniteRefusal:
    """Translate an error of Stripe's client, and record whether Stripe caches it."""
    failure = _failure(error)
    failure.cached = _is_cached(error)
    return failure


def _is_cached(error: stripe.StripeError) -> bool:
    """True if Stripe returns this answer for every retry under the key, for a day.

    A repeated answer is marked by a header. First answers are cached once the endpoint has begun to execute, which an error
    in Stripe's own form shows: a load balancer's 502 has no such form, and the call may still be in progress. Refusals
    because of other calls (409, 429) or the API key (401, 403) come before execution.
    https://docs.stripe.com/error-low-level#idempotency
    """
    if dict(error.headers or {}).get("idempotent-replayed") == "true":
        return True
    status = error.http_status or 0
    return error.error is not None and (status >= _SERVER_ERROR or status in _CACHED)


def _failure(error: stripe.StripeError) -> GatewayUnavailable | GatewayMisconfigured | DefiniteRefusal:
    """Only the message of a decline is passed on. Other messages quote the request and are logged, shortened."""
    match error:
        case stripe.CardError():
            return PaymentDeclined(*decline_of(error.error))
        case stripe.RateLimitError():
            return GatewayBusy("Stripe's rate limit is exceeded", _retry_after(error))
        case stripe.InvalidRequestError():
            message = re.sub(r"[0-9]{6,}", "…", error.user_message or "")[:_LOGGED]
            _log.warning(
                "Stripe refuses a request", status=error.http_status, code=_identifier(error.code), words=message
            )
            return StripeRefused(_code(error), _identifier(error.param))
        case stripe.IdempotencyError():
            return StripeRefused("idempotency_error", "")
        case stripe.AuthenticationError() | stripe.PermissionError():
            return GatewayMisconfigured(f"Stripe refuses the API key: HTTP {error.http_status}")
        case stripe.APIConnectionError():
            return GatewayUnavailable("no answer from Stripe")
        case _:
            return GatewayUnavailable(f"Stripe answers HTTP {error.http_status}", _retry_after(error))


def _code(error: stripe.InvalidRequestError) -> str:
    if not error.code and not error.param and _USED_BEFORE in (error.user_message or ""):
        return USED
    return _identifier(error.code) or f"HTTP {error.http_status}"


def decline_of(error: Any) -> tuple[str, str]:
    code = _identifier(getattr(error, "decline_code", None)) or _identifier(getattr(error, "code", None))
    return code or "card_declined", (getattr(error, "message", None) or "The card was declined.")[:500]


def _identifier(text: str | None) -> str:
    """Return the text if it has the form of Stripe's identifiers, so that no personal data passes."""
    return text if text and re.fullmatch(r"[a-z0-9_.\[\]]{1,100}", text) else ""


def _retry_after(error: stripe.StripeError) -> float | None:
    value = dict(error.headers or {}).get("retry-after", "")
    return float(value) if re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", value) else None
