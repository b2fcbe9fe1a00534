"""The state of an order: a union of cases, each with the fields that its status has.

Every case has `status`, `payment_state`, `payment`, `shipment`, `refund`, `adjustments`, `hold`, `awaited` and `tags`, in the
order of their addition; all but NotPlaced have `order`, `annotations`, the number of notes and tags ever added, `retries`,
the number of times that a person retried the order before it ended, `label_choice`, a person's last choice, and
`payment_method`, the means of payment that was given after the order was placed.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from orders.adjustments import Adjustment, captured_of, returned_by, withdrawn_by
from orders.events import CancelledBy, Shortage
from orders.model import Order
from orders.records import ClosedRefund, Hold, LabelChoice, Payment, PaymentFailure, PendingPayment, Refund, Shipment

Status = Literal["not placed", "placed", "confirmed", "paid", "shipped", "cancelled"]
PaymentState = Literal["none", "paid", "refunded"]


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """No order: the stream is empty."""

    status: ClassVar[Status] = "not placed"
    awaited: ClassVar[None] = None
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None
    adjustments: ClassVar[tuple[Adjustment, ...]] = ()
    tags: ClassVar[tuple[str, ...]] = ()
    hold: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Placed; stock not checked yet."""

    order: Order
    hold: Hold | None = None
    retries: int = 0
    label_choice: LabelChoice | None = None
    tags: tuple[str, ...] = ()
    annotations: int = 0
    payment_method: ClassVar[None] = None
    status: ClassVar[Status] = "placed"
    awaited: ClassVar[None] = None
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None
    adjustments: ClassVar[tuple[Adjustment, ...]] = ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Confirmed; to be charged. `failure` is the last failed attempt, `payment_method` the means of payment given last. It has
    adjustments where its charge is not recorded yet."""

    order: Order
    hold: Hold | None = None
    retries: int = 0
    pending: PendingPayment | None = None
    label_choice: LabelChoice | None = None
    failure: PaymentFailure | None = None
    payment_method: str | None = None
    methods_given: int = 0
    adjustments: tuple[Adjustment, ...] = ()
    tags: tuple[str, ...] = ()
    annotations: int = 0
    status: ClassVar[Status] = "confirmed"
    payment_state: ClassVar[PaymentState] = "none"
    payment: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None

    @property
    def attempt(self) -> int:
        """Number of the current attempt at the charge: a retry or another means of payment begins the next one."""
        return 1 + self.retries + self.methods_given

    @property
    def awaited(self) -> PaymentFailure | None:
        """The failure of the current attempt; None while the attempt is in progress, or pending at the provider."""
        failed = self.failure is not None and self.failure.attempt == self.attempt and self.pending is None
        return self.failure if failed else None


@dataclass(frozen=True, slots=True)
class Paid:
    """Paid; to be shipped."""

    order: Order
    payment: Payment
    hold: Hold | None = None
    retries: int = 0
    label_choice: LabelChoice | None = None
    payment_method: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    tags: tuple[str, ...] = ()
    annotations: int = 0
    status: ClassVar[Status] = "paid"
    awaited: ClassVar[None] = None
    shipment: ClassVar[None] = None
    refund: ClassVar[None] = None

    @property
    def payment_state(self) -> PaymentState:
        """ "refunded" once adjustments have returned the whole payment."""
        return _payment_state(self.payment.amount, returned_by(self.adjustments))


@dataclass(frozen=True, slots=True)
class Shipped:
    """Shipped: the successful end. `requested` are the refunds that people requested, `refunds` the refunds made, each with
    its actual amount, `closed` the refunds that are not made; refunds made by hand at the provider that cover no request are
    `adjustments`."""

    order: Order
    payment: Payment
    shipment: Shipment
    requested: tuple[Refund, ...] = ()
    refunds: tuple[Refund, ...] = ()
    closed: tuple[ClosedRefund, ...] = ()
    payment_method: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    tags: tuple[str, ...] = ()
    annotations: int = 0
    retries: ClassVar[int] = 0
    label_choice: ClassVar[None] = None
    status: ClassVar[Status] = "shipped"
    awaited: ClassVar[None] = None
    hold: ClassVar[None] = None
    refund: ClassVar[None] = None

    @property
    def payment_state(self) -> PaymentState:
        """ "refunded" once the whole payment is refunded; after a partial refund still "paid"."""
        returned = sum(refund.amount for refund in self.returned) + returned_by(self.adjustments)
        return _payment_state(self.payment.amount, returned)

    @property
    def captured(self) -> int:
        """The captured part of the payment, in minor units."""
        return captured_of(self.payment.amount, self.adjustments)

    @property
    def returned(self) -> tuple[Refund, ...]:
        """The refunds made, without those that failed later and were settled elsewhere."""
        settled = {each.refund_id for each in self.closed if each.is_settled}
        return tuple(refund for refund in self.refunds if refund.refund_id not in settled)

    @property
    def owed(self) -> tuple[Refund, ...]:
        """The requested refunds that are neither made nor closed."""
        ended = {each.refund_id for each in self.refunds} | {each.refund_id for each in self.closed}
        return tuple(refund for refund in self.requested if refund.refund_id not in ended)

    def closing(self, refund_id: str) -> ClosedRefund | None:
        """The end of a refund that the provider does not make; None while it is open, or where it was made."""
        return next((each for each in self.closed if each.refund_id == refund_id), None)

    def made(self, refund_id: str) -> Refund | None:
        """The refund made for a request, with its actual amount; None while it is owed."""
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def answers(self, refund: Refund) -> bool:
        """True for a refund of a request that is not made. Its amount may be less, where the charge had no more left. A refund
        that the provider made although the request was closed is money returned too."""
        if self.made(refund.refund_id) or refund.amount > self.payment.amount - sum(
            each.amount for each in self.refunds
        ):
            return False
        return any(
            refund == replace(asked, amount=refund.amount) and 0 <= refund.amount <= asked.amount
            for asked in self.requested
        )

    @property
    def refundable(self) -> int:
        """The part of the payment that is neither returned nor requested nor settled elsewhere, in minor units."""
        made = {refund.refund_id for refund in self.refunds}
        given_up = {each.refund_id for each in self.closed if not each.is_settled} - made
        used = sum(refund.amount for refund in self.requested if refund.refund_id not in given_up)
        return max(self.payment.amount - returned_by(self.adjustments) - used, 0)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Cancelled. `reached` is the status before; `payment` the payment recorded by then."""

    order: Order
    reached: Status
    reason: str
    cancelled_by: CancelledBy
    shortages: tuple[Shortage, ...] = ()
    payment: Payment | None = None
    refund: Refund | None = None
    closed: tuple[ClosedRefund, ...] = ()
    payment_method: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    tags: tuple[str, ...] = ()
    annotations: int = 0
    retries: ClassVar[int] = 0
    label_choice: ClassVar[None] = None
    status: ClassVar[Status] = "cancelled"
    awaited: ClassVar[None] = None
    shipment: ClassVar[None] = None
    hold: ClassVar[None] = None

    @property
    def payment_state(self) -> PaymentState:
        """ "refunded" also where the refunded charge was never recorded. A payment of 0 needs no refund: "none". A refund that
        failed later and was settled elsewhere leaves the order "paid": the provider has returned nothing."""
        if self.refund and not self.is_settled:
            return "refunded"
        if not self.payment or not self.payment.amount:
            return "none"
        return _payment_state(self.payment.amount, withdrawn_by(self.adjustments))

    @property
    def returned_money(self) -> int:
        """Money recorded as returned, by the refund and by adjustments, in minor units."""
        return (self.refund.amount if self.refund else 0) + returned_by(self.adjustments)

    @property
    def is_settled(self) -> bool:
        """True where a person returned the money in another way."""
        return bool(self.closed)


def _payment_state(payment: int, returned: int) -> PaymentState:
    return "refunded" if 0 < payment <= returned else "paid"


State = NotPlaced | Placed | Confirmed | Paid | Shipped | Cancelled
OpenOrder = Placed | Confirmed | Paid
ExistingOrder = Placed | Confirmed | Paid | Shipped | Cancelled


def has_ended(state: State) -> bool:
    """True for a shipped order, and a cancelled one without a payment left to refund. Messages, labels and reserved units may
    still be left."""
    if isinstance(state, Cancelled):
        return state.payment_state != "paid" or state.is_settled
    return isinstance(state, Shipped)
