"""Refunds that people make at Stripe by hand, credited to refunds of ours that were asked for and not made.

A refund by hand counts towards a request that is older than it, each unit of money once. Older requests come first.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=1)  # Stripe gives the time of a refund in whole seconds


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A row of gateways.stripe_refunds, amounts in minor units.

    amount: the amount requested. asking: the amount last asked of Stripe, where it differs. by_hand: the part of the
    amount that a person gave back instead. manual: made at Stripe by a person. at: time of the request, or of the refund
    by hand. asks: number of the idempotency key.
    """

    key: str
    intent_id: str
    refund_id: str | None
    amount: int
    currency: str
    state: str
    at: datetime
    asks: int = 1
    asking: int | None = None
    by_hand: int = 0
    manual: bool = False

    @property
    def asked(self) -> int:
        """The amount that Stripe is asked for, or has refunded."""
        return self.amount if self.asking is None else self.asking

    @property
    def made(self) -> bool:
        return self.state in ("pending", "succeeded")

    @property
    def taken(self) -> int:
        """The part of the charge that this refund has used up, or may have."""
        return self.asked if self.made or self.state == "asked" else 0

    @property
    def owed(self) -> int:
        """The amount that refunds by hand may still cover: all that is not made."""
        if self.made or self.state == "settled":
            return self.by_hand
        return self.by_hand + self.asked if self.state == "failed" else self.amount

    @property
    def repeat(self) -> tuple[int, ...]:
        """The last part of the idempotency key; empty at first, as keys were before they had it."""
        return () if self.asks == 1 else (self.asks,)


def credits_by_hand(rows: Iterable[RefundRow]) -> Counter[str]:
    """The amount by hand that counts towards each refund not made, by key; all rows of one charge.

    Credits on record come first, also from refunds by hand that have failed since: those are owed themselves.
    """
    rows = sorted(rows, key=lambda row: (row.at, row.key))
    left = {row.key: row.asked for row in rows if row.manual}
    credits: Counter[str] = Counter()
    for row in rows:
        credits[row.key] += _take(left, rows, row.at, row.by_hand)
    left |= {row.key: 0 for row in rows if row.manual and not row.made}
    for row in rows:
        credits[row.key] += _take(left, rows, row.at, row.owed - credits[row.key])
    return credits


def _take(left: dict[str, int], rows: list[RefundRow], since: datetime, wanted: int) -> int:
    """The part of an amount that refunds by hand since then cover, the oldest first; it is taken from what is left."""
    taken = 0
    for given in rows:
        if given.key in left and given.at > since - TOLERANCE:
            part = min(left[given.key], wanted - taken)
            left[given.key] -= part
            taken += part
    return taken
