"""Client of Stripe: the calls of the payment gateway, with Stripe's errors translated.

Imported only if Stripe is selected: the package `stripe` is an extra.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import stripe

from gateways.stripe.errors import translated
from gateways.stripe.objects import Intent, StripeDispute, StripeRefund, dispute_of, intent_of, refund_of

T = TypeVar("T")

TIMEOUT: Final = 20.0  # seconds; shorter than a gateway step's own time-out
_EXPAND: Final = "latest_charge"
_PAGE: Final = 100  # the longest page of Stripe's lists

# These log requests and answers, with card tokens and personal data in them.
_VERBOSE_LOGGERS: Final = ("stripe", "httpx")


class StripeApi:
    """One client for the process. Every method raises GatewayUnavailable, GatewayMisconfigured or StripeRefused."""

    def __init__(self, api_key: str, base: str | None = None, *, timeout: float = TIMEOUT) -> None:
        for name in _VERBOSE_LOGGERS:
            logging.getLogger(name).setLevel(logging.WARNING)
        stripe.enable_telemetry = False  # telemetry writes a file into the home folder
        self._http = stripe.HTTPXClient(timeout=timeout)
        self._client = stripe.StripeClient(
            api_key,
            http_client=self._http,
            max_network_retries=0,  # Temporal retries, visibly
            base_addresses={"api": base.rstrip("/")} if base else {},
        )
        self.closed = False
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        self.closed = True
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def create(
        self,
        amount: int,
        currency: str,
        payment_method: str,
        metadata: Mapping[str, str],
        *,
        customer: str | None = None,
        later: bool,
        key: str,
    ) -> Intent:
        """Create an intent, which takes no money before it is confirmed. later: confirming only authorises."""
        parameters: Any = {"customer": customer} if customer else {}
        call = self._client.v1.payment_intents.create_async(
            parameters
            | {
                "amount": amount,
                "currency": currency.lower(),
                "payment_method": payment_method,
                # Redirect-based methods need a customer in the browser; none is present.
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "capture_method": "manual" if later else "automatic",
                "metadata": dict(metadata),
                "expand": [_EXPAND],
            },
            {"idempotency_key": key},
        )
        return intent_of(await self._with_key(key, call))

    async def confirm(self, intent_id: str, key: str, *, off_session: bool = False) -> Intent:
        """Capture or authorise the money; off_session: without the customer. Raises PaymentDeclined."""
        parameters: Any = {"expand": [_EXPAND]} | ({"off_session": True} if off_session else {})
        call = self._client.v1.payment_intents.confirm_async(intent_id, parameters, {"idempotency_key": key})
        return intent_of(await self._with_key(key, call))

    async def capture(self, intent_id: str, key: str) -> Intent:
        """Capture the authorised money. Raises PaymentDeclined."""
        call = self._client.v1.payment_intents.capture_async(intent_id, {"expand": [_EXPAND]}, {"idempotency_key": key})
        return intent_of(await self._with_key(key, call))

    async def cancel(self, intent_id: str) -> Intent:
        """Cancel the intent: it authorises and captures nothing any more.

        Without an idempotency key: a refusal would be repeated for a day, though the intent may become cancellable.
        """
        return intent_of(await _answer(self._client.v1.payment_intents.cancel_async(intent_id, {"expand": [_EXPAND]})))

    async def retrieve(self, intent_id: str) -> Intent:
        return intent_of(
            await _answer(self._client.v1.payment_intents.retrieve_async(intent_id, {"expand": [_EXPAND]}))
        )

    async def set_metadata(self, intent_id: str, metadata: Mapping[str, str]) -> Intent:
        """Add to the intent's metadata. Without an idempotency key: a repetition has the same effect."""
        values: Any = {"metadata": dict(metadata), "expand": [_EXPAND]}
        return intent_of(await _answer(self._client.v1.payment_intents.update_async(intent_id, values)))

    async def default_payment_method(self, customer: str) -> str | None:
        found = await _answer(self._client.v1.customers.retrieve_async(customer))
        settings = getattr(found, "invoice_settings", None)
        method = getattr(settings, "default_payment_method", None) or getattr(found, "default_source", None)
        return method if isinstance(method, str) or method is None else method.id

    async def search(self, key: str) -> list[Intent]:
        """Return the intents with our key in their metadata. Up to a minute behind, or an hour in an outage at Stripe."""
        quoted = key.replace("\\", "\\\\").replace("'", "\\'")
        query: Any = {"query": f"metadata['key']:'{quoted}'", "limit": _PAGE, "expand": [f"data.{_EXPAND}"]}
        page = await _answer(self._client.v1.payment_intents.search_async(query))
        return [intent for intent in map(intent_of, page.data) if intent.key == key]

    async def created_since(self, since: datetime) -> AsyncIterator[Intent]:
        """Yield all intents created since then, the latest first. Never behind."""
        query = {"created": {"gte": int(since.timestamp())}, "expand": [f"data.{_EXPAND}"]}
        async for each in _listed(self._client.v1.payment_intents.list_async, query):
            yield intent_of(each)

    async def refund(self, intent_id: str, amount: int, metadata: Mapping[str, str], key: str) -> StripeRefund:
        call = self._client.v1.refunds.create_async(
            {"payment_intent": intent_id, "amount": amount, "metadata": dict(metadata)}, {"idempotency_key": key}
        )
        return refund_of(await self._with_key(key, call))

    async def cancel_refund(self, refund_id: str) -> StripeRefund:
        """Cancel a refund that waits for the customer. Without an idempotency key, as `cancel`."""
        return refund_of(await _answer(self._client.v1.refunds.cancel_async(refund_id)))

    async def refunds(self, intent_id: str) -> list[StripeRefund]:
        """Return all refunds of the intent that moved money. Permanent with their metadata, while Stripe forgets keys after a
        day."""
        listed = _listed(self._client.v1.refunds.list_async, {"payment_intent": intent_id})
        found = [refund_of(each) async for each in listed]
        return [each for each in found if each.moved_money and each.intent_id is not None]

    async def refunds_since(self, since: datetime) -> AsyncIterator[StripeRefund]:
        """Yield all refunds created since then, the latest first."""
        query = {"created": {"gte": int(since.timestamp())}}
        async for each in _listed(self._client.v1.refunds.list_async, query):
            yield refund_of(each)

    async def disputes(self, intent_id: str) -> list[StripeDispute]:
        listed = _listed(self._client.v1.disputes.list_async, {"payment_intent": intent_id})
        return [dispute_of(each) async for each in listed]

    async def disputes_since(self, since: datetime) -> AsyncIterator[StripeDispute]:
        """Yield all disputes created since then, the latest first."""
        query = {"created": {"gte": int(since.timestamp())}}
        async for each in _listed(self._client.v1.disputes.list_async, query):
            yield dispute_of(each)

    async def _with_key(self, key: str, call: Coroutine[Any, Any, T]) -> T:
        """Make one call with a key at a time: Stripe answers 409 to a concurrent one."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            return await _answer(call)


async def _listed(call: Callable[[Any], Coroutine[Any, Any, Any]], query: Mapping[str, Any]) -> AsyncIterator[Any]:
    """Yield the objects of a list, page after page."""
    more: dict[str, str] = {}
    while True:
        page = await _answer(call({**query, "limit": _PAGE, **more}))
        for each in page.data:
            yield each
        if not page.has_more:
            return
        more = {"starting_after": page.data[-1].id}


async def _answer(call: Coroutine[Any, Any, T]) -> T:
    try:
        return await call
    except stripe.StripeError as error:
        raise translated(error) from None
