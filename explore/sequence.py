"""Sequences as data: orders, and acts with their moments. Stored as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Kind = Literal[
    "ships", "out of stock", "declined", "without a label", "free of charge", "debited", "authenticated"
]  # fmt: skip
AFTER_ALL: Final = 99
"""A moment that no order reaches: the act is performed when the order has come to rest."""


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """An order. suffix: of its id, after the sequence's mark; held_money: authorised first, captured with the label; waits:
    after a decline, for another means of payment."""

    kind: Kind = "ships"
    suffix: str = ""
    held_money: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """An intervention or a fault. order: its index; at: number of step boundaries (before or after an attempt at an
    activity) that the order passes first; what: a name in `explore.acts`; how: its parameters."""

    order: int
    at: int
    what: str
    how: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Orders and acts. seed: of the remaining choices, as the order of webhooks. webhooks: Stripe delivers some; without them
    only the reconciliation finds changes. name: of a case of the table."""

    seed: int
    orders: tuple[OrderPlan, ...]
    acts: tuple[Act, ...]
    webhooks: bool = True
    name: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(document: Mapping[str, Any]) -> Sequence:
    """Inverse of `Sequence.as_json`; further fields, as a comment, are ignored."""
    return Sequence(
        document["seed"],
        tuple(OrderPlan(**each) for each in document["orders"]),
        tuple(Act(**each) for each in document["acts"]),
        document.get("webhooks", True),
        document.get("name", ""),
    )
