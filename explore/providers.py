"""Shared parts of the simulated providers: faults by order and operation, late effects, and violations."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Operation = Literal[
    "intent.create", "intent.confirm", "intent.capture", "intent.cancel", "intent.read", "intent.search",
    "refund.create", "refund.cancel", "refund.list", "dispute.list",
    "shipment.create", "shipment.rerate", "shipment.buy", "shipment.read", "shipment.find",
    "shipment.refund",
]  # fmt: skip
# before: no effect, no answer. after: the effect, no answer. late: no answer, and the effect when it lands.
# stored: a kept failure under the request's idempotency key. busy: refused with 429.
# Answers that are no faults: refused: not made, for good. pending: a refund that ends later. no rates: none for now.
# unable: not made, by a fault of the carrier. expired: the shipment's rates are too old.
FaultKind = Literal["before", "after", "late", "stored", "busy", "refused", "pending", "no rates", "unable", "expired"]
Effect = Callable[[], Any]


class NoAnswer(Exception):
    """The connection broke before an answer came."""


@dataclass
class Weather:
    """Active faults, pending late effects and texts of violations, by order id."""

    faults: defaultdict[tuple[str, str], list[FaultKind]] = field(default_factory=lambda: defaultdict(list))
    late: defaultdict[str, list[Effect]] = field(default_factory=lambda: defaultdict(list))
    violations: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def set(self, order_id: str, operation: Operation, kind: FaultKind, calls: int) -> None:
        """Fail the order's next calls of this operation; replaces an earlier fault."""
        self.faults[order_id, operation] = [kind] * calls

    def next_fault(self, order_id: str, operation: str) -> FaultKind | None:
        """Remove and return the fault of this call, if any."""
        kinds = self.faults[order_id, operation]
        return kinds.pop() if kinds else None

    def clear(self, order_id: str) -> None:
        for key in [key for key in self.faults if key[0] == order_id]:
            del self.faults[key]

    def land(self, order_id: str) -> None:
        """Execute the order's late effects, in their order; the answers are lost."""
        for effect in self.late.pop(order_id, []):
            effect()
