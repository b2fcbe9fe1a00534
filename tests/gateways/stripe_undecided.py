"""Payments and refunds that Stripe has not decided, which localstripe does not know."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
FAILED_DEBIT = {
    "type": "card_error",
    "code": "payment_intent_payment_attempt_failed",
    "message": "The customer's bank has refused the debit.",
}


@dataclass
class Undecided:
    """Overlay of localstripe's objects. charge_waits, refund_waits: the status of the next new payment or refund."""

    charge_waits: bool = False
    refund_waits: str | None = None
    processing: set[str] = field(default_factory=set)
    """Intents whose confirmation localstripe has not received."""
    failed: set[str] = field(default_factory=set)
    """Intents whose processing has ended in a failure."""
    refunds: dict[str, str] = field(default_factory=dict)
    """Status of refunds, by id, other than localstripe's."""

    def shown(self, answer: Json) -> Json:
        """Answer of localstripe with the overlay, lists included."""
        for each in (
            [answer, *(answer.get("data") or ())] if isinstance(answer.get("data", ()), list | tuple) else [answer]
        ):
            id_ = each.get("id")
            if id_ in self.refunds:
                each["status"] = self.refunds[id_]
            elif id_ in self.processing:
                each["status"] = "processing"
            elif id_ in self.failed and each.get("status") == "requires_confirmation":
                each |= {"status": "requires_payment_method", "last_payment_error": FAILED_DEBIT}
        return answer
