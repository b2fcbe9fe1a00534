"""Acts of a person in Stripe's dashboard and of the customer's bank, with the parts that localstripe lacks."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.gateways.local_stripe import Json, LocalStripe


@dataclass
class Dashboard:
    """Acts by hand. received: captured amounts of partial captures, by intent. disputes: by id. expired: intents that Stripe
    cancelled itself."""

    behind: LocalStripe
    received: dict[str, int] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def refund(self, intent_id: str, amount: int, **metadata: str) -> str:
        values = {f"metadata[{name}]": value for name, value in metadata.items()}
        asked = await self.behind.ask("POST", "/v1/refunds", payment_intent=intent_id, amount=amount, **values)
        return str(asked["id"])

    async def capture(self, intent_id: str, amount: int) -> None:
        await self.behind.ask("POST", f"/v1/payment_intents/{intent_id}/capture", amount_to_capture=amount)
        self.received[intent_id] = amount

    async def cancel(self, intent_id: str) -> None:
        await self.behind.ask("POST", f"/v1/payment_intents/{intent_id}/cancel")

    async def expire(self, intent_id: str) -> None:
        """End an authorisation as Stripe does after some days."""
        await self.cancel(intent_id)
        self.expired.add(intent_id)

    def dispute(self, intent_id: str, amount: int, status: str = "needs_response", **changes: Any) -> str:
        """Open a dispute, or change the status of the intent's dispute."""
        known = next((each for each in self.disputes.values() if each["payment_intent"] == intent_id), None)
        id_ = known["id"] if known else f"dp_{next(self._numbers)}"
        self.disputes[id_] = {
            "id": id_,
            "object": "dispute",
            "payment_intent": intent_id,
            "charge": f"ch_of_{intent_id}",
            "amount": amount,
            "currency": "eur",
            "status": status,
            "reason": "fraudulent",
            "created": int(time.time()),
            "metadata": {},
            **changes,
        }
        return str(id_)

    def is_disputed(self, intent_id: str) -> bool:
        """True while Stripe refuses refunds of the charge."""
        statuses = [each["status"] for each in self.disputes.values() if each["payment_intent"] == intent_id]
        return any(status != "won" and not status.startswith("warning") for status in statuses)

    def listed(self, asked: Any) -> Json:
        """Answer to a list of disputes, of an intent or since a time, in pages of Stripe's size."""
        found = list(reversed(self.disputes.values()))
        if "payment_intent" in asked:
            found = [each for each in found if each["payment_intent"] == asked["payment_intent"]]
        else:
            found = [each for each in found if each["created"] >= int(asked["created[gte]"])]
        ids = [each["id"] for each in found]
        begin = ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        page = found[begin : begin + int(asked["limit"])]
        return {"object": "list", "data": page, "has_more": begin + len(page) < len(found), "url": "/v1/disputes"}

    def amended(self, content: bytes) -> bytes:
        """Answer of localstripe, completed with the missing fields of intents and charges."""
        if not (self.received or self.disputes or self.expired):
            return content
        answer = orjson.loads(content)
        if not isinstance(answer, dict):
            return content
        for intent in [answer, *answer.get("data", ())]:
            if intent.get("object") == "payment_intent":
                self._amend(intent)
        return orjson.dumps(answer)

    def _amend(self, intent: Json) -> None:
        id_ = intent["id"]
        if id_ in self.received:
            intent["amount_received"] = self.received[id_]
        if id_ in self.expired:
            intent["cancellation_reason"] = "automatic"
        if isinstance(intent.get("latest_charge"), dict):
            disputed = any(each["payment_intent"] == id_ for each in self.disputes.values())
            intent["latest_charge"]["disputed"] = disputed
