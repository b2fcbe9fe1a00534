"""What the workflows know of the activities: each step's name, input and answer. No names or addresses pass through here.

Everything in this file is written into Temporal's history: fields may be added with a default, never renamed or removed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from orders.events import CancelledBy, Shortage


class Wire(BaseModel):
    """camelCase JSON, immutable."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class OrderRef(Wire):
    """Which order, and what made this happen: the correlation and causation ids that its events will carry."""

    order_id: str
    correlation_id: str | None = None
    causation_id: str | None = None


class OrderProgress(Wire):
    """How far an order has come, as its stream says. Amounts in minor units. `reserved` is filled in by read-order alone:
    whether the inventory knows the order, in whatever state."""

    status: str
    payment_state: str
    customer_id: str
    total: int
    currency: str
    payment_id: str | None = None
    shipment_id: str | None = None
    reason: str | None = None
    reserved: bool = False


class Availability(Wire):
    """Whether the order may be confirmed: its status, and the SKUs that are short."""

    status: str
    shortages: tuple[Shortage, ...] = ()


class Cancellation(Wire):
    order: OrderRef
    reason: str
    cancelled_by: CancelledBy
    shortages: tuple[Shortage, ...] = ()


class Payment(Wire):
    """captured: False where the money is held only."""

    payment_id: str
    amount: int
    currency: str
    captured: bool = True


class PaymentRecord(Wire):
    order: OrderRef
    payment: Payment


class Shipment(Wire):
    shipment_id: str
    tracking_number: str
    carrier: str


class ShipmentRecord(Wire):
    order: OrderRef
    shipment: Shipment


class Undo(Wire):
    order: OrderRef
    reason: str


class ReturnedPayment(Wire):
    """What undoing a payment gave back; nothing where nothing had been charged."""

    payment_id: str | None = None
    refund_id: str | None = None
    amount: int = 0


class RefundRecord(Wire):
    order: OrderRef
    refund_id: str
    payment_id: str
    amount: int
    reason: str


class Reserved(Wire):
    """Units taken out of stock, over all SKUs."""

    units: int


class Undone(Wire):
    """Whether there had been something to undo. pending: whether whoever decides on it has not decided yet; refused: in
    their words, why they do not as yet."""

    existed: bool
    pending: bool = False
    refused: str | None = None


class RefundRef(OrderRef):
    """Which of a shipped order's requested refunds, and when it was requested. amount: the amount that went back, once the
    gateway has answered; all of it where it is not given."""

    refund_id: str
    requested_at: datetime | None = None
    amount: int | None = None


class Publication(Wire):
    order: OrderRef
    topic: str


class Published(Wire):
    """The message's id; the same at every repetition."""

    message_id: str


I = TypeVar("I", bound=Wire)  # noqa: E741
O = TypeVar("O", bound=Wire)  # noqa: E741


@dataclass(frozen=True)
class Signature(Generic[I, O]):
    """An activity type: its name in Temporal, its one argument, its answer."""

    name: str
    input: type[I]
    output: type[O]


READ_ORDER = Signature("read-order", OrderRef, OrderProgress)
CHECK_INVENTORY = Signature("check-inventory", OrderRef, Availability)
CONFIRM = Signature("confirm", OrderRef, OrderProgress)
CANCEL = Signature("cancel", Cancellation, OrderProgress)
CHARGE_PAYMENT = Signature("charge-payment", OrderRef, Payment)
CAPTURE_PAYMENT = Signature("capture-payment", OrderRef, Payment)
RECORD_PAYMENT = Signature("record-payment", PaymentRecord, OrderProgress)
RESERVE_INVENTORY = Signature("reserve-inventory", OrderRef, Reserved)
CREATE_SHIPMENT = Signature("create-shipment", OrderRef, Shipment)
RECORD_SHIPMENT = Signature("record-shipment", ShipmentRecord, OrderProgress)
REFUND_PAYMENT = Signature("refund-payment", Undo, ReturnedPayment)
RELEASE_INVENTORY = Signature("release-inventory", Undo, Undone)
VOID_SHIPMENT = Signature("void-shipment", Undo, Undone)
RECORD_REFUND = Signature("record-refund", RefundRecord, OrderProgress)
RETURN_PAYMENT = Signature("return-payment", RefundRef, ReturnedPayment)
RECORD_REQUESTED_REFUND = Signature("record-requested-refund", RefundRef, OrderProgress)
PUBLISH = Signature("publish", Publication, Published)
REQUEST_CANCEL = Signature("request-cancel", OrderRef, OrderRef)

NOTIFICATIONS_SHIPMENT = "notifications.shipment"
ANALYTICS_REVENUE = "analytics.revenue"
