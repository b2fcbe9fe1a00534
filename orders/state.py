"""Where an order stands, as a union of cases: what a case does not have cannot be asked of it by mistake.

Every case answers `status`, `payment_state`, `payment`, `shipment`, `refund` and `hold`; all but NotPlaced have `order`,
and `retries`: how often a person has had the order taken up again before it ended.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from orders.events import CancelledBy, Shortage
from orders.model import Order

Status = Literal["not placed", "placed", "confirmed", "paid", "shipped", "cancelled"]
PaymentState = Literal["none", "paid", "refunded"]


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
class Hold:
    """Why the order is stopped."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """An empty stream."""

    status: ClassVar[Status] = "not placed"
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None
    hold: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Taken in, stock not yet looked at."""

    order: Order
    hold: Hold | None = None
    retries: int = 0
    status: ClassVar[Status] = "placed"
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Available, to be charged."""

    order: Order
    hold: Hold | None = None
    retries: int = 0
    status: ClassVar[Status] = "confirmed"
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Paid:
    """Charged, to be shipped."""

    order: Order
    payment: Payment
    hold: Hold | None = None
    retries: int = 0
    status: ClassVar[Status] = "paid"
    payment_state: ClassVar[PaymentState] = "paid"
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Shipped:
    """On its way to the customer: the good end. `requested` are refunds asked for, `refunds` those that were made, each
    with the amount that went back."""

    order: Order
    payment: Payment
    shipment: Shipment
    requested: tuple[Refund, ...] = ()
    refunds: tuple[Refund, ...] = ()
    retries: ClassVar[int] = 0
    status: ClassVar[Status] = "shipped"
    hold: ClassVar[None] = None
    refund: ClassVar[None] = None

    @property
    def payment_state(self) -> PaymentState:
        """ "refunded" once all of it went back; a part of it leaves the order paid."""
        returned = sum(refund.amount for refund in self.refunds)
        return "refunded" if self.refunds and returned == self.payment.amount else "paid"

    def made(self, refund_id: str) -> Refund | None:
        """The requested refund as it was made, with the amount that went back; None where it is still owed."""
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def answers(self, refund: Refund) -> bool:
        """Whether the refund makes one that was requested and is owed. Its amount may be less: nothing else was left."""
        return self.made(refund.refund_id) is None and any(
            refund == replace(asked, amount=refund.amount) and 0 <= refund.amount <= asked.amount
            for asked in self.requested
        )

    @property
    def refundable(self) -> int:
        """What has neither gone back nor been asked back yet, in minor units."""
        return self.payment.amount - sum(refund.amount for refund in self.requested)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Ended without goods. `reached` is the status it had; `payment` what was recorded by then."""

    order: Order
    reached: Status
    reason: str
    cancelled_by: CancelledBy
    shortages: tuple[Shortage, ...] = ()
    payment: Payment | None = None
    refund: Refund | None = None
    retries: ClassVar[int] = 0
    status: ClassVar[Status] = "cancelled"
    shipment: ClassVar[None] = None
    hold: ClassVar[None] = None

    @property
    def payment_state(self) -> PaymentState:
        """ "refunded" also where the charge was never recorded: money that came and went back. A payment of nothing
        leaves nothing to give back, and so nothing to wait for."""
        if self.refund:
            return "refunded"
        return "paid" if self.payment and self.payment.amount else "none"


State = NotPlaced | Placed | Confirmed | Paid | Shipped | Cancelled
OpenOrder = Placed | Confirmed | Paid
ExistingOrder = Placed | Confirmed | Paid | Shipped | Cancelled
