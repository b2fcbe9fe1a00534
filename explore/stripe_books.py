"""Books of the simulated Stripe: intents, charges and refunds, by Stripe's documented rules. No transport.

https://docs.stripe.com/payments/paymentintents/lifecycle, /docs/refunds
"""

import itertools
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from explore.providers import Weather

DECLINED_CARD = "pm_card_chargeDeclined"


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
    events: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def of(self, order_id: str) -> list[dict[str, Any]]:
        return [each for each in self.intents.values() if order_of(each) == order_id]

    def refunds_of(self, intent_id: str) -> list[dict[str, Any]]:
        """Refunds of an intent, newest first, as Stripe lists them."""
        return [each for each in reversed(self.refunds.values()) if each["payment_intent"] == intent_id]

    def kept(self, order_id: str) -> int:
        """Minor units charged or authorised and not refunded."""
        return sum(_kept(each) for each in self.of(order_id))

    def held(self, order_id: str) -> int:
        return sum(each["amount"] for each in self.of(order_id) if each["status"] == "requires_capture")

    # Operations of the API

    def create(self, form: Mapping[str, str]) -> dict[str, Any]:
        intent: dict[str, Any] = {
            "id": self._id("pi"),
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "status": "requires_confirmation",
            "capture_method": form.get("capture_method", "automatic"),
            "payment_method": form.get("payment_method"),
            "metadata": _metadata(form),
            "latest_charge": None,
            "last_payment_error": None,
            "created": int(time.time()),
        }
        self.intents[intent["id"]] = intent
        return intent

    def confirm(self, intent: dict[str, Any]) -> dict[str, Any]:
        _require(intent, "requires_confirmation", "requires_payment_method")
        if intent["payment_method"] == DECLINED_CARD:
            error = {"code": "card_declined", "decline_code": "generic_decline", "message": "The card was declined."}
            intent |= {"status": "requires_payment_method", "last_payment_error": error}
            self._emit(intent, "payment_intent.payment_failed", intent)
            raise StripeError(402, "card_declined", error["message"], decline_code="generic_decline")
        manual = intent["capture_method"] == "manual"
        intent |= {"status": "requires_capture" if manual else "succeeded", "latest_charge": self._charge(intent)}
        self._check_one_charge(intent)
        self._emit(intent, f"payment_intent.{'amount_capturable_updated' if manual else 'succeeded'}", intent)
        return intent

    def capture(self, intent: dict[str, Any]) -> dict[str, Any]:
        _require(intent, "requires_capture")
        intent["status"] = "succeeded"
        intent["latest_charge"]["captured"] = True
        self._emit(intent, "payment_intent.succeeded", intent)
        return intent

    def cancel(self, intent: dict[str, Any]) -> dict[str, Any]:
        _require(intent, "requires_confirmation", "requires_payment_method", "requires_capture")
        if intent["latest_charge"]:
            intent["latest_charge"] |= {"amount_refunded": intent["amount"], "refunded": True}
        intent["status"] = "canceled"
        return intent

    def refund(self, form: Mapping[str, str]) -> dict[str, Any]:
        intent = self.intents[form["payment_intent"]]
        _require(intent, "succeeded")
        charge = intent["latest_charge"]
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(form.get("amount", left))
        if not 0 < amount <= left:
            raise StripeError(400, "charge_already_refunded" if left == 0 else "", "more than the rest of the charge")
        charge["amount_refunded"] += amount
        refund: dict[str, Any] = {
            "id": self._id("re"),
            "object": "refund",
            "payment_intent": intent["id"],
            "charge": charge["id"],
            "amount": amount,
            "currency": intent["currency"],
            "status": "succeeded",
            "metadata": _metadata(form),
            "created": int(time.time()),
        }
        self.refunds[refund["id"]] = refund
        self._emit(intent, "refund.created", refund)
        return refund

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Intents that a search by our key finds, or all since a time."""
        intents = list(self.intents.values())
        if "query" in query:
            key = query["query"].removeprefix("metadata['key']:'").removesuffix("'").replace("\\", "")
            intents = [each for each in intents if each["metadata"].get("key") == key]
        return {"object": "list", "data": intents, "has_more": False, "url": "/v1/payment_intents"}

    # Operations without a request of ours

    def refund_by_hand(self, order_id: str, amount: int | None) -> None:
        """Refund the amount, or the rest, in the dashboard; no effect if the rest is smaller."""
        for intent in self.of(order_id):
            left = _kept(intent)
            if intent["status"] == "succeeded" and left >= (amount or 1):
                self.refund({"payment_intent": intent["id"], "amount": str(amount or left)})

    def void_by_hand(self, order_id: str) -> None:
        """Cancel every authorisation of the order in the dashboard."""
        for intent in self.of(order_id):
            if intent["status"] == "requires_capture":
                self.cancel(intent)

    def bounce(self, order_id: str) -> None:
        """Fail the latest refund after the fact: the money comes back to us."""
        made = [each for each in self.refunds.values() if order_of(self.intents[each["payment_intent"]]) == order_id]
        for refund in [each for each in made if each["status"] == "succeeded"][-1:]:
            intent = self.intents[refund["payment_intent"]]
            refund["status"] = "failed"
            intent["latest_charge"]["amount_refunded"] -= refund["amount"]
            self._emit(intent, "refund.failed", refund)

    def by_hand(self, order_id: str) -> int:
        """Minor units that were refunded without a request of ours."""
        return sum(
            refund["amount"]
            for intent in self.of(order_id)
            for refund in self.refunds_of(intent["id"])
            if not refund["metadata"] and refund["status"] == "succeeded"
        )

    def _charge(self, intent: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "captured": intent["capture_method"] != "manual",
            "refunded": False,
            "status": "succeeded",
            "created": int(time.time()),
            "payment_method_details": {"card": {"capture_before": int(time.time()) + 7 * 86400}},
        }

    def _check_one_charge(self, intent: Mapping[str, Any]) -> None:
        order_id = order_of(intent)
        charged = [each["id"] for each in self.of(order_id) if _kept(each)]
        if len(charged) > 1:
            self.weather.violations[order_id].append(f"charged twice at the same time: {len(charged)} intents")

    def _emit(self, intent: Mapping[str, Any], kind: str, about: Mapping[str, Any]) -> None:
        data = {"object": {**about, "latest_charge": None} if "latest_charge" in about else dict(about)}
        event = {"id": self._id("evt"), "object": "event", "type": kind, "created": int(time.time()), "data": data}
        self.events[order_of(intent)].append(event)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):012}"


def order_of(intent: Mapping[str, Any]) -> str:
    return str(intent["metadata"].get("orderId", ""))


def _kept(intent: Mapping[str, Any]) -> int:
    charge = intent["latest_charge"]
    return int(charge["amount"] - charge["amount_refunded"]) if charge else 0


def _metadata(form: Mapping[str, str]) -> dict[str, str]:
    return {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")}


def _require(intent: Mapping[str, Any], *statuses: str) -> None:
    if intent["status"] not in statuses:
        raise StripeError(400, "payment_intent_unexpected_state", f"the intent is {intent['status']}")
