"""Where an order stands, as a union of cases: what a case does not have cannot be asked of it by mistake.

Every case answers `status`, `payment_state`, `payment`, `shipment` and `refund`; all but NotPlaced have `order`.
"""

from dataclasses import dataclass
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
class NotPlaced:
    """An empty stream."""

    status: ClassVar[Status] = "not placed"
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Taken in, stock not yet looked at."""

    order: Order
    status: ClassVar[Status] = "placed"
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Available, to be charged."""

    order: Order
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
    status: ClassVar[Status] = "paid"
    payment_state: ClassVar[PaymentState] = "paid"
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Shipped:
    """On its way to the customer: the good end."""

    order: Order
    payment: Payment
    shipment: Shipment
    status: ClassVar[Status] = "shipped"
    payment_state: ClassVar[PaymentState] = "paid"
    refund: ClassVar[None] = None


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
    status: ClassVar[Status] = "cancelled"
    shipment: ClassVar[None] = None

    @property
    def payment_state(self) -> PaymentState:
        """ "refunded" also where the charge was never recorded: money that came and went back. A payment of nothing
        leaves nothing to give back, and so nothing to wait for."""
        if self.refund:
            return "refunded"
        return "paid" if self.payment and self.payment.amount else "none"


State = NotPlaced | Placed | Confirmed | Paid | Shipped | Cancelled
ExistingOrder = Placed | Confirmed | Paid | Shipped | Cancelled
