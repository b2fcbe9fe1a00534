"""Books of the simulated Stripe: intents, charges, refunds and disputes, by Stripe's documented rules. No transport.

https://docs.stripe.com/payments/paymentintents/lifecycle, /docs/refunds, /docs/disputes
"""

import itertools
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from explore.providers import Weather

# Means of payment, by their behaviour. A debit is processed for days; the bank of AUTHENTICATES wants its customer.
DECLINED_CARD: Final = "pm_card_chargeDeclined"
DEBIT: Final = "pm_sepa_debit"
AUTHENTICATES: Final = "pm_card_authenticationRequired"
_DECLINE: Final = ("card_declined", "generic_decline", "The card was declined.")
_LOST: Final = "lost"


class StripeError(Exception):
    """An error answer: its status and body."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        kind = "card_error" if status == 402 else "invalid_request_error" if status < 500 else "api_error"
        self.status, self.body = status, {"error": {"type": kind, "code": code, "message": message, **more}}


@dataclass
class StripeBooks:
    """Stripe's state. events: unacknowledged webhooks by order id."""

    weather: Weather
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def of(self, order_id: str) -> list[dict[str, Any]]:
        return [each for each in self.intents.values() if order_of(each) == order_id]

    def refunds_of(self, intent_id: str) -> list[dict[str, Any]]:
        """Refunds of an intent, newest first, as Stripe lists them."""
        return _about(self.refunds, intent_id)

    def disputes_of(self, intent_id: str) -> list[dict[str, Any]]:
        """Disputes of an intent, newest first."""
        return _about(self.disputes, intent_id)

    def kept(self, order_id: str) -> int:
        """Minor units charged or authorised, and neither refunded nor lost in a dispute."""
        return sum(self.kept_of(each) for each in self.of(order_id))

    def kept_of(self, intent: Mapping[str, Any]) -> int:
        charge = intent["latest_charge"]
        if not charge or charge["status"] != "succeeded":
            return 0
        lost = [each for each in self.disputes_of(intent["id"]) if each["status"] == _LOST]
        return int(charge["amount"] - charge["amount_refunded"] - sum(each["amount"] for each in lost))

    def held(self, order_id: str) -> int:
        return sum(each["amount"] for each in self.of(order_id) if each["status"] == "requires_capture")

    # Operations of the API

    def create(self, form: Mapping[str, str]) -> dict[str, Any]:
        intent: dict[str, Any] = {
            "id": self.new_id("pi"),
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "currency": form["currency"],
            "status": "requires_confirmation",
            "capture_method": form.get("capture_method", "automatic"),
            "payment_method": form.get("payment_method"),
            "metadata": _metadata(form),
            "latest_charge": None,
            "last_payment_error": None,
            "cancellation_reason": None,
            "created": int(time.time()),
        }
        self.intents[intent["id"]] = intent
        return intent

    def confirm(self, intent: dict[str, Any]) -> dict[str, Any]:
        _require(intent, "requires_confirmation", "requires_payment_method")
        match intent["payment_method"]:
            case "pm_card_chargeDeclined":
                self.decline(intent, *_DECLINE)
                code, reason, message = _DECLINE
                raise StripeError(402, code, message, decline_code=reason)
            case "pm_sepa_debit":
                intent |= {"status": "processing", "latest_charge": self._charge(intent, "pending")}
            case "pm_card_authenticationRequired":
                intent["status"] = "requires_action"
            case _:
                self.pay(intent)
        return intent

    def pay(self, intent: dict[str, Any]) -> None:
        """The payment succeeds: its money is captured, or authorised first."""
        manual = intent["capture_method"] == "manual"
        intent |= {"status": "requires_capture" if manual else "succeeded", "latest_charge": self._charge(intent)}
        intent["amount_received"] = 0 if manual else intent["amount"]
        self._check_one_charge(intent)
        self.emit(intent, f"payment_intent.{'amount_capturable_updated' if manual else 'succeeded'}", intent)

    def decline(self, intent: dict[str, Any], code: str, reason: str, message: str) -> None:
        """The payment fails."""
        error = {"code": code, "decline_code": reason, "message": message}
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        if intent["latest_charge"]:
            intent["latest_charge"]["status"] = "failed"
        self.emit(intent, "payment_intent.payment_failed", intent)

    def capture(self, intent: dict[str, Any], amount: int | None = None) -> dict[str, Any]:
        """Capture the money, or a part, which releases the rest: Stripe counts it as refunded."""
        _require(intent, "requires_capture")
        intent |= {"status": "succeeded", "amount_received": amount or intent["amount"]}
        charge = intent["latest_charge"]
        charge["captured"] = True
        if released := intent["amount"] - intent["amount_received"]:
            charge["amount_refunded"] = released
            self.add_refund(intent, released, {}, "succeeded", balance_transaction=None)
        self.emit(intent, "payment_intent.succeeded", intent)
        return intent

    def cancel(self, intent: dict[str, Any]) -> dict[str, Any]:
        _require(intent, "requires_confirmation", "requires_payment_method", "requires_action", "requires_capture")
        if intent["latest_charge"]:
            intent["latest_charge"] |= {"amount_refunded": intent["amount"], "refunded": True}
        intent["status"] = "canceled"
        self.emit(intent, "payment_intent.canceled", intent)
        return intent

    def refund(self, form: Mapping[str, str], status: str = "succeeded") -> dict[str, Any]:
        intent = self.intents[form["payment_intent"]]
        _require(intent, "succeeded")
        disputes = [each["status"] for each in self.disputes_of(intent["id"])]
        left = self.kept_of(intent)
        if "needs_response" in disputes or ("lost" in disputes and left == 0):
            raise StripeError(400, "charge_disputed", "the charge is disputed")
        amount = int(form.get("amount", left))
        if left == 0:
            raise StripeError(400, "charge_already_refunded", "the charge is refunded")
        if not 0 < amount <= left:
            raise StripeError(400, "", "more than the rest of the charge", param="amount")
        intent["latest_charge"]["amount_refunded"] += amount
        return self.add_refund(intent, amount, _metadata(form), status)

    def cancel_refund(self, refund: Mapping[str, Any]) -> dict[str, Any]:
        raise StripeError(400, "", f"a refund that is {refund['status']} cannot be canceled")

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Intents that a search by our key finds, or all since a time."""
        intents = list(self.intents.values())
        if "query" in query:
            key = query["query"].removeprefix("metadata['key']:'").removesuffix("'").replace("\\", "")
            intents = [each for each in intents if each["metadata"].get("key") == key]
        return _list("payment_intents", intents)

    def listed_about(self, kind: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Refunds or disputes of an intent, or all since a time; the latest first."""
        books = self.refunds if kind == "refunds" else self.disputes
        if "payment_intent" in query:
            return _list(kind, _about(books, query["payment_intent"]))
        since = int(query["created[gte]"])
        return _list(kind, [each for each in reversed(books.values()) if each["created"] >= since])

    # Entries

    def add_refund(
        self, intent: Mapping[str, Any], amount: int, metadata: Mapping[str, str], status: str, **more: Any
    ) -> dict[str, Any]:
        refund: dict[str, Any] = {
            "id": self.new_id("re"),
            "object": "refund",
            "payment_intent": intent["id"],
            "charge": intent["latest_charge"]["id"],
            "amount": amount,
            "currency": intent["currency"],
            "status": status,
            "metadata": dict(metadata),
            "created": int(time.time()),
            "balance_transaction": "txn",
            **more,
        }
        self.refunds[refund["id"]] = refund
        self.emit(intent, "refund.created", refund)
        return refund

    def _charge(self, intent: Mapping[str, Any], status: str = "succeeded") -> dict[str, Any]:
        return {
            "id": self.new_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "captured": intent["capture_method"] != "manual",
            "refunded": False,
            "disputed": False,
            "status": status,
            "created": int(time.time()),
            "payment_method_details": {"card": {"capture_before": int(time.time()) + 7 * 86400}},
        }

    def _check_one_charge(self, intent: Mapping[str, Any]) -> None:
        order_id = order_of(intent)
        charged = [each["id"] for each in self.of(order_id) if self.kept_of(each)]
        if len(charged) > 1:
            self.weather.violations[order_id].append(f"charged twice at the same time: {len(charged)} intents")

    def emit(self, intent: Mapping[str, Any], kind: str, about: Mapping[str, Any]) -> None:
        data = {"object": {**about, "latest_charge": None} if "latest_charge" in about else dict(about)}
        event = {"id": self.new_id("evt"), "object": "event", "type": kind, "created": int(time.time()), "data": data}
        self.events[order_of(intent)].append(event)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):012}"


def order_of(intent: Mapping[str, Any]) -> str:
    return str(intent["metadata"].get("orderId", ""))


def _about(books: dict[str, dict[str, Any]], intent_id: str) -> list[dict[str, Any]]:
    return [each for each in reversed(books.values()) if each["payment_intent"] == intent_id]


def _list(kind: str, found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": list(found), "has_more": False, "url": f"/v1/{kind}"}


def _metadata(form: Mapping[str, str]) -> dict[str, str]:
    return {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")}


def _require(intent: Mapping[str, Any], *statuses: str) -> None:
    if intent["status"] not in statuses:
        raise StripeError(400, "payment_intent_unexpected_state", f"the intent is {intent['status']}")
