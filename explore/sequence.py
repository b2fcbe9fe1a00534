"""A sequence as data: the orders, and the acts upon them with their moments. Written as JSON, so that it can be kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Kind = Literal["ships", "out of stock", "declined", "without a label", "free of charge"]
AFTER_ALL: Final = 99
"""A moment that no order reaches: the act takes place when the order has come to rest."""


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """An order. suffix: appended to the sequence's own mark to make the id; held_money: authorised first, captured with
    the label."""

    kind: Kind = "ships"
    suffix: str = ""
    held_money: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """An intervention or a fault. order: its index; at: the number of step boundaries (before or after an attempt at an
    activity) that the order passes first; what: one of `explore.acts`; how: its details."""

    order: int
    at: int
    what: str
    how: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """seed: of the parts that are not spelled out, as the order in which webhooks arrive."""

    seed: int
    orders: tuple[OrderPlan, ...]
    acts: tuple[Act, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(document: Mapping[str, Any]) -> Sequence:
    """The inverse of `Sequence.as_json`; further fields, as a comment, are ignored."""
    return Sequence(
        document["seed"],
        tuple(OrderPlan(**each) for each in document["orders"]),
        tuple(Act(**each) for each in document["acts"]),
    )
