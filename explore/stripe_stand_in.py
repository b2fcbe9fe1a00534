"""Simulated Stripe: an HTTP transport for the official client, with idempotency keys and faults."""

import copy
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx
import orjson

from explore.providers import NoAnswer, Operation, Weather
from explore.stripe_books import StripeBooks, StripeError, order_of

API_KEY: Final = "sk_test_explore"
WEBHOOK_SECRET: Final = "whsec_explore"
Answer = tuple[int, dict[str, Any]]
_FAILURE: Final[Answer] = (500, {"error": {"type": "api_error", "message": "An unknown error occurred"}})
_OTHER_REQUEST: Final[Answer] = (400, {"error": {"type": "idempotency_error", "message": "key of another request"}})
_BUSY: Final[Answer] = (429, {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Busy"}})


@dataclass
class StripeStandIn(httpx.AsyncBaseTransport):
    """HTTP transport in place of api.stripe.com. saved, requests: answers and requests by idempotency key, kept for a run."""

    weather: Weather
    books: StripeBooks
    saved: dict[str, Answer] = field(default_factory=dict)
    requests: dict[str, object] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl((await request.aread()).decode(), keep_blank_values=True))
        query, key = dict(request.url.params), request.headers.get("idempotency-key")
        try:
            status, body = self.answer(request.method, request.url.path.removeprefix("/v1/"), form, query, key)
        except NoAnswer:
            raise httpx.ReadError("the connection broke") from None
        return httpx.Response(status, content=orjson.dumps(body), headers={"content-type": "application/json"})

    def answer(
        self, method: str, path: str, form: Mapping[str, str], query: Mapping[str, str], key: str | None
    ) -> Answer:
        """Answer a request; path: without the version. Raises NoAnswer."""
        operation, order_id, effect = self._route(method, path, form, query)
        if key is not None and self.requests.setdefault(key, (path, form)) != (path, form):
            self.weather.violations[order_id].append("one idempotency key for two requests")
            return _OTHER_REQUEST
        fault = self.weather.next_fault(order_id, operation)

        def performed() -> Answer:
            return self._performed(effect, key)

        match fault:
            case None:
                return performed()
            case "refused":
                return self._performed(_refuse, key)
            case "pending" if operation == "refund.create":
                return self._performed(lambda: self.books.refund(form, "pending"), key)
            case "busy":
                return _BUSY
            case "stored" if key is not None:
                return self.saved.setdefault(key, _FAILURE)
            case "after":
                performed()
            case "late" if method == "POST":
                self.weather.late[order_id].append(performed)
        raise NoAnswer

    def _performed(self, effect: Callable[[], dict[str, Any]], key: str | None) -> Answer:
        if key is not None and key in self.saved:
            return self.saved[key]
        try:
            answer: Answer = (200, copy.deepcopy(effect()))
        except StripeError as error:
            answer = (error.status, error.body)
        if key is not None:
            self.saved[key] = answer
        return answer

    def _route(
        self, method: str, path: str, form: Mapping[str, str], query: Mapping[str, str]
    ) -> tuple[Operation, str, Callable[[], dict[str, Any]]]:
        books, parts = self.books, path.split("/")
        match method, parts:
            case "POST", ["payment_intents"]:
                return "intent.create", form.get("metadata[orderId]", ""), lambda: books.create(form)
            case "POST", ["payment_intents", id_, ("confirm" | "capture" | "cancel") as action]:
                intent = books.intents[id_]
                change = getattr(books, action)
                return _OPERATIONS[action], order_of(intent), lambda: change(intent)
            case "GET", ["payment_intents", *_] if "query" in query or "created[gte]" in query:
                return "intent.search", "", lambda: books.listed(query)
            case "GET", ["payment_intents", id_]:
                intent = books.intents[id_]
                return "intent.read", order_of(intent), lambda: intent
            case "POST", ["refunds"]:
                return "refund.create", order_of(books.intents[form["payment_intent"]]), lambda: books.refund(form)
            case "GET", [("refunds" | "disputes") as kind]:
                about = books.intents.get(query.get("payment_intent", ""))
                operation: Operation = "refund.list" if kind == "refunds" else "dispute.list"
                return operation, order_of(about) if about else "", lambda: books.listed_about(kind, query)
            case "POST", ["refunds", id_, "cancel"]:
                refund = books.refunds[id_]
                return (
                    "refund.cancel",
                    order_of(books.intents[refund["payment_intent"]]),
                    lambda: books.cancel_refund(refund),
                )
            case "GET", ["refunds", id_]:
                refund = books.refunds[id_]
                return "refund.list", order_of(books.intents[refund["payment_intent"]]), lambda: refund
        raise NotImplementedError(f"the simulated Stripe has no {method} /v1/{path}")


def _refuse() -> dict[str, Any]:
    raise StripeError(400, "charge_not_refundable", "The charge cannot be refunded.")


_OPERATIONS: Final[dict[str, Operation]] = {
    "confirm": "intent.confirm",
    "capture": "intent.capture",
    "cancel": "intent.cancel",
}


def signed(event: Mapping[str, Any]) -> tuple[bytes, str]:
    """Body and signature header of an event, signed now."""
    body, now = orjson.dumps(event), int(time.time())
    digest = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={now},v1={digest}"
