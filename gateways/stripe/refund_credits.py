"""Credits of manual refunds, made by hand at Stripe, to requested refunds that have not been made.

A manual refund counts towards requests older than itself, each unit of money once. Older requests come first.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=1)  # Stripe rounds the time of a refund to seconds


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A row of gateways.stripe_refunds, amounts in minor units.

    amount: the requested amount. asking: the amount last sent to Stripe, None if equal. by_hand: the part of the amount
    covered by manual refunds. manual: made by hand at Stripe. closed: no longer owed. at: time of the request, or of the
    manual refund. asks: number of the idempotency key. adjusted: the part of a manual refund that is recorded in the order's
    stream by itself.
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
    closed: bool = False
    adjusted: int = 0

    @property
    def sent(self) -> int:
        """Amount sent to Stripe, or refunded there."""
        return self.amount if self.asking is None else self.asking

    @property
    def made(self) -> bool:
        """True if the refund exists at Stripe and has not failed."""
        return self.state in ("pending", "succeeded")

    @property
    def used(self) -> int:
        """Part of the charge that this refund uses up, or may use up."""
        return self.sent if self.made or self.is_open else 0

    @property
    def is_open(self) -> bool:
        """True if the refund is to be made, and has not been."""
        return self.state == "asked" and not self.closed

    @property
    def coverable(self) -> int:
        """Amount that manual refunds may cover: all that is not made."""
        if self.made or self.state == "settled" or self.closed:
            return self.by_hand
        return self.by_hand + self.sent if self.state == "failed" else self.amount

    @property
    def key_suffix(self) -> tuple[int, ...]:
        """Last part of the idempotency key: empty for the first key, which had no number before keys were renewed."""
        return () if self.asks == 1 else (self.asks,)


def manual_credits(rows: Iterable[RefundRow]) -> Counter[str]:
    """Return the credit of each refund that is not made, by key. rows: all refunds of one charge.

    Recorded credits come first, including those from manual refunds that failed later: such a refund is itself due again.
    """
    return _credited(rows)[0]


def uncredited(rows: Iterable[RefundRow]) -> dict[str, int]:
    """Return the part of each manual refund that no request uses and no stream records, by key; parts of 0 are left out.

    A manual refund that failed before a stream recorded it is not due, so that no later one counts towards it.
    """
    rows = list(rows)
    covering = any(row.by_hand for row in rows)
    counted = [row for row in rows if row.made or not row.manual or row.adjusted or covering]
    _, left = _credited(counted)
    return {row.key: left[row.key] for row in counted if row.manual and row.made and left[row.key] and not row.adjusted}


def _credited(rows: Iterable[RefundRow]) -> tuple[Counter[str], dict[str, int]]:
    """Return the credits by key, and the rest of each manual refund."""
    rows = sorted(rows, key=lambda row: (row.at, row.key))
    left = {row.key: row.sent - row.adjusted for row in rows if row.manual}
    credits: Counter[str] = Counter()
    for row in rows:
        credits[row.key] += _allocate(left, rows, row.at, row.by_hand)
    left |= {row.key: 0 for row in rows if row.manual and not row.made}
    for row in rows:
        credits[row.key] += _allocate(left, rows, row.at, row.coverable - credits[row.key])
    return credits, left


def _allocate(left: dict[str, int], rows: list[RefundRow], since: datetime, wanted: int) -> int:
    """Deduct up to the wanted amount from manual refunds made since then, the oldest first; return the amount deducted."""
    allocated = 0
    for manual in rows:
        if manual.key in left and manual.at > since - TOLERANCE:
            part = min(left[manual.key], wanted - allocated)
            left[manual.key] -= part
            allocated += part
    return allocated
