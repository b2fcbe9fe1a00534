"""Losses of a fail-over or a restore."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Loss:
    """An effect of a lost end of the log. subject: an order's id, or a name in the database. done: repaired in this run.
    remedy: the repair by hand, None if `orders recover --apply` does it."""

    kind: Literal["sequence", "checkpoint", "charge", "refund", "label", "workflow"]
    subject: str
    problem: str
    done: bool = False
    remedy: str | None = None
