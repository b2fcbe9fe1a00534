"""Facts of an order that its state keeps: payment, shipment, refunds, hold, a person's choice of the label."""

from dataclasses import dataclass
from datetime import datetime

from orders.payment_events import RefundOutcome


@dataclass(frozen=True, slots=True)
class Payment:
    """A recorded charge, in minor units of the order's currency."""

    payment_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """A recorded shipment."""

    shipment_id: str
    tracking_number: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A recorded refund, in minor units of the order's currency."""

    refund_id: str
    payment_id: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class ClosedRefund:
    """A refund that the provider does not make, with the amount of the request in minor units of the order's currency."""

    refund_id: str
    outcome: RefundOutcome
    amount: int
    reason: str

    @property
    def is_settled(self) -> bool:
        return self.outcome is RefundOutcome.SETTLED_ELSEWHERE


@dataclass(frozen=True, slots=True)
class PendingPayment:
    """A payment that the provider is processing, in minor units of the order's currency, and when that ends at the latest."""

    payment_id: str
    amount: int
    until: datetime


@dataclass(frozen=True, slots=True)
class PaymentFailure:
    """The last failed attempt at the charge, and the order's deadline. payment_id: the provider's payment, which the customer
    may still complete."""

    attempt: int
    code: str
    reason: str
    waits_until: datetime
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on the order, with its reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """A person's choice of the label's carrier and service; None for any."""

    carrier: str | None
    service: str | None
