"""Stripe by its official client: the calls that the payment gateway makes, and what their errors mean.

Imported only where Stripe is chosen: the package `stripe` is an extra.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import stripe
import structlog

from gateways.protocols import (
    DefiniteRefusal,
    GatewayMisconfigured,
    GatewayUnavailable,
    PaymentDeclined,
)

T = TypeVar("T")

TIMEOUT: Final = 20.0  # seconds; shorter than a gateway step's own time-out
_EXPAND: Final = "latest_charge"
_PAGE: Final = 100  # refunds, the most that Stripe lists at once
_WORDS: Final = 300  # characters of what Stripe says

_SERVER_ERROR: Final = 500
_CONCLUDED: Final = (400, 402, 404)  # after which the same request under the same key gets the same answer

# What a card network holds an authorisation for at the least; Stripe itself tells for most cards.
_SHORTEST_HOLD: Final = timedelta(days=4, hours=18)

# The client writes requests and answers into its log, and with them tokens of cards and what people have typed.
_TOO_TALKATIVE: Final = ("stripe", "httpx")
_log = structlog.get_logger(__name__)


class StripeRefused(GatewayMisconfigured):
    """Stripe does not take the request as it is: our fault, unless the object's state explains it. code: Stripe's own."""

    def __init__(self, code: str, parameter: str) -> None:
        super().__init__(f"Stripe refuses the request: {code}" + (f" at {parameter}" if parameter else ""))
        self.code = code
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Intent:
    """A PaymentIntent as Stripe has it. Amounts in Stripe's units; held: money was held or taken at some time.

    received: the amount taken. decline: code and words of the last attempt that was declined. key, order_id: from its
    metadata, None where the intent is not ours. replayed: Stripe has repeated an earlier answer, which may be out of date.
    """

    id: str
    status: str
    amount_refunded: int
    amount: int
    received: int
    held: bool
    held_until: datetime | None
    decline: tuple[str, str] | None
    currency: str
    created: datetime
    key: str | None
    order_id: str | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class StripeRefund:
    """A refund as Stripe has it, in Stripe's units. status: pending, requires_action, succeeded, failed or canceled.

    key: from its metadata; None where a person made it. intent_id: None where the charge was made without an intent.
    """

    id: str
    status: str
    amount: int
    created: datetime
    key: str | None
    intent_id: str | None = None


class StripeApi:
    """One client for the process. Every method raises GatewayUnavailable, GatewayMisconfigured or StripeRefused."""

    def __init__(self, api_key: str, base: str | None = None, *, timeout: float = TIMEOUT) -> None:
        for name in _TOO_TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        stripe.enable_telemetry = False  # it would leave a file in the home folder
        self._http = stripe.HTTPXClient(timeout=timeout)
        self._client = stripe.StripeClient(
            api_key,
            http_client=self._http,
            max_network_retries=0,  # Temporal retries, and shows it
            base_addresses={"api": base.rstrip("/")} if base else {},
        )
        self.closed = False
        self._under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        self.closed = True
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def create(
        self, amount: int, currency: str, payment_method: str, about: Mapping[str, str], *, later: bool, key: str
    ) -> Intent:
        """An intent that takes nothing until it is confirmed. later: confirming holds the money only."""
        call = self._client.v1.payment_intents.create_async(
            {
                "amount": amount,
                "currency": currency.lower(),
                "payment_method": payment_method,
                # What sends the customer to a page of the bank's would wait for somebody who is not here.
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "capture_method": "manual" if later else "automatic",
                "metadata": dict(about),
                "expand": [_EXPAND],
            },
            {"idempotency_key": key},
        )
        return _intent(await self._once(key, call))

    async def confirm(self, intent_id: str, key: str) -> Intent:
        """Take or hold the money. Raises PaymentDeclined."""
        call = self._client.v1.payment_intents.confirm_async(intent_id, {"expand": [_EXPAND]}, {"idempotency_key": key})
        return _intent(await self._once(key, call))

    async def capture(self, intent_id: str, key: str) -> Intent:
        """Take what is held. Raises PaymentDeclined."""
        call = self._client.v1.payment_intents.capture_async(intent_id, {"expand": [_EXPAND]}, {"idempotency_key": key})
        return _intent(await self._once(key, call))

    async def cancel(self, intent_id: str) -> Intent:
        """Let the intent take nothing any more, and hold nothing.

        Without a key of ours: an answer would be repeated for a day, though the intent can be cancelled meanwhile.
        """
        return _intent(await _answer(self._client.v1.payment_intents.cancel_async(intent_id, {"expand": [_EXPAND]})))

    async def retrieve(self, intent_id: str) -> Intent:
        return _intent(await _answer(self._client.v1.payment_intents.retrieve_async(intent_id, {"expand": [_EXPAND]})))

    async def search(self, key: str) -> list[Intent]:
        """The intents with our key in their metadata: searchable within a minute, or an hour where Stripe has an outage."""
        quoted = key.replace("\\", "\\\\").replace("'", "\\'")
        asked: Any = {"query": f"metadata['key']:'{quoted}'", "limit": _PAGE, "expand": [f"data.{_EXPAND}"]}
        page = await _answer(self._client.v1.payment_intents.search_async(asked))
        return [intent for intent in map(_intent, page.data) if intent.key == key]

    async def created_since(self, since: datetime) -> AsyncIterator[Intent]:
        """All intents created since then, the latest first, with no delay."""
        asked = {"created": {"gte": int(since.timestamp())}, "expand": [f"data.{_EXPAND}"]}
        async for each in _listed(self._client.v1.payment_intents.list_async, asked):
            yield _intent(each)

    async def refund(self, intent_id: str, amount: int, about: Mapping[str, str], key: str) -> StripeRefund:
        call = self._client.v1.refunds.create_async(
            {"payment_intent": intent_id, "amount": amount, "metadata": dict(about)}, {"idempotency_key": key}
        )
        return _refund(await self._once(key, call))

    async def refunds(self, intent_id: str) -> list[StripeRefund]:
        """All refunds of the intent: keys are forgotten after a day, refunds and their metadata never."""
        listed = _listed(self._client.v1.refunds.list_async, {"payment_intent": intent_id})
        return [_refund(each) async for each in listed]

    async def refunds_since(self, since: datetime) -> AsyncIterator[StripeRefund]:
        """All refunds created since then, the latest first."""
        async for each in _listed(self._client.v1.refunds.list_async, {"created": {"gte": int(since.timestamp())}}):
            yield _refund(each)

    async def _once(self, key: str, call: Coroutine[Any, Any, T]) -> T:
        """One call with a key at a time: Stripe answers 409 to a second one that comes while the first is under way."""
        lock = self._under_way.setdefault(key, asyncio.Lock())
        async with lock:
            return await _answer(call)


async def _listed(call: Callable[[Any], Coroutine[Any, Any, Any]], asked: Mapping[str, Any]) -> AsyncIterator[Any]:
    """Everything in a list of Stripe's, page after page."""
    more: dict[str, str] = {}
    while True:
        page = await _answer(call({**asked, "limit": _PAGE, **more}))
        for each in page.data:
            yield each
        if not page.has_more:
            return
        more = {"starting_after": page.data[-1].id}


async def _answer(call: Coroutine[Any, Any, T]) -> T:
    try:
        return await call
    except stripe.StripeError as error:
        translated = _translated(error)
        translated.kept = _is_kept(error)
        raise translated from None


def _is_kept(error: stripe.StripeError) -> bool:
    """Whether Stripe repeats the answer under the key for a day.

    A repetition says so in its headers. First answers are kept where the endpoint has begun to work, as an error in
    Stripe's own form says: a load balancer's 502 does not, and the call may still be in progress. Refusals because of
    other calls (409, 429) or of the API key (401, 403) come before that.
    https://docs.stripe.com/error-low-level#idempotency
    """
    if dict(error.headers or {}).get("idempotent-replayed") == "true":
        return True
    status = error.http_status or 0
    return error.error is not None and (status >= _SERVER_ERROR or status in _CONCLUDED)


def _translated(error: stripe.StripeError) -> GatewayUnavailable | GatewayMisconfigured | DefiniteRefusal:
    """Without Stripe's words, but for those on a decline: others quote the request, and go into our log alone."""
    match error:
        case stripe.CardError():
            return PaymentDeclined(*_words_of_decline(error.error))
        case stripe.RateLimitError():
            return GatewayUnavailable("Stripe is asked too often", _retry_after(error))
        case stripe.InvalidRequestError():
            words = re.sub(r"[0-9]{6,}", "…", error.user_message or "")[:_WORDS]
            _log.warning("Stripe refuses a request", status=error.http_status, code=_plain(error.code), words=words)
            return StripeRefused(_plain(error.code) or f"HTTP {error.http_status}", _plain(error.param))
        case stripe.IdempotencyError():
            return StripeRefused("idempotency_error", "")
        case stripe.AuthenticationError() | stripe.PermissionError():
            return GatewayMisconfigured(f"Stripe refuses the API key: HTTP {error.http_status}")
        case stripe.APIConnectionError():
            return GatewayUnavailable("no answer from Stripe")
        case _:
            return GatewayUnavailable(f"Stripe answers HTTP {error.http_status}", _retry_after(error))


def _plain(text: str | None) -> str:
    """A name out of Stripe's own vocabulary, and nothing that somebody may have typed."""
    return text if text and re.fullmatch(r"[a-z0-9_.\[\]]{1,100}", text) else ""


def _retry_after(error: stripe.StripeError) -> float | None:
    value = dict(error.headers or {}).get("retry-after", "")
    return float(value) if re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", value) else None


def _words_of_decline(error: Any) -> tuple[str, str]:
    code = _plain(getattr(error, "decline_code", None)) or _plain(getattr(error, "code", None)) or "card_declined"
    return code, (getattr(error, "message", None) or "The card was declined.")[:500]


def _intent(found: stripe.PaymentIntent) -> Intent:
    charge = found.latest_charge if isinstance(found.latest_charge, stripe.Charge) else None
    received: int | None = getattr(found, "amount_received", None)
    about = found.metadata.to_dict() if found.metadata else {}
    headers = dict(found.last_response.headers or {}) if found.last_response else {}
    return Intent(
        id=found.id,
        status=found.status,
        amount=found.amount,
        received=found.amount if received is None else received,
        amount_refunded=charge.amount_refunded if charge else 0,
        held=charge is not None and charge.status == "succeeded",
        held_until=_held_until(charge) if charge and found.status == "requires_capture" else None,
        decline=_words_of_decline(found.last_payment_error) if found.last_payment_error else None,
        currency=found.currency.upper(),
        created=datetime.fromtimestamp(found.created, UTC),
        key=about.get("key"),
        order_id=about.get("orderId"),
        replayed=headers.get("idempotent-replayed") == "true",
    )


def _held_until(charge: stripe.Charge) -> datetime:
    details = getattr(charge, "payment_method_details", None)
    until = getattr(getattr(details, "card", None), "capture_before", None)
    return datetime.fromtimestamp(until or charge.created + _SHORTEST_HOLD.total_seconds(), UTC)


def _refund(found: stripe.Refund) -> StripeRefund:
    key = found.metadata.to_dict().get("key") if found.metadata is not None else None
    created = datetime.fromtimestamp(found.created, UTC)
    intent = getattr(found, "payment_intent", None)
    intent_id = intent if isinstance(intent, str) or intent is None else intent.id
    return StripeRefund(found.id, found.status or "pending", found.amount, created, key, intent_id)
