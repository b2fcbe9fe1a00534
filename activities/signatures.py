"""Signatures of the activities for the workflows: name, input and result. No personal data.

All of these are in Temporal's history: fields may be added with a default, never renamed or removed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from activities.queues import Gateway
from orders.events import CancelledBy, Shortage


class Wire(BaseModel):
    """camelCase JSON, immutable."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class OrderRef(Wire):
    """An order's id, with the correlation and causation ids of the events to append. bulk: one order of an import."""

    order_id: str
    correlation_id: str | None = None
    causation_id: str | None = None
    bulk: bool = False


class ChargeRef(OrderRef):
    """An order to charge. accepts_pending: the caller waits while the provider processes the payment; a run from before there
    were such results takes every answer for a charge."""

    accepts_pending: bool = False


class OrderProgress(Wire):
    """State of an order from its stream. Amounts in minor units. Set by read-order alone: reserved, True if the inventory has a
    reservation of the order in any state; shows_changes, True: the run shows a status only where it differs from its search
    attribute, as runs from before do not. waits_until: deadline of an order that waits for its payment."""

    status: str
    payment_state: str
    customer_id: str
    total: int
    currency: str
    payment_id: str | None = None
    shipment_id: str | None = None
    reason: str | None = None
    reserved: bool = False
    shows_changes: bool = False
    waits_until: datetime | None = None


class Availability(Wire):
    """Result of the stock check: the order's status, its shortages, the reason why it can have no label, and its unknown
    SKUs."""

    status: str
    shortages: tuple[Shortage, ...] = ()
    unshippable: str | None = None
    unknown: tuple[str, ...] = ()


class Cancellation(Wire):
    order: OrderRef
    reason: str
    cancelled_by: CancelledBy
    shortages: tuple[Shortage, ...] = ()


class Payment(Wire):
    """captured: False if the money is only authorised. pending_until: None, except where the provider is still processing the
    payment, which may fail: it ends until then."""

    payment_id: str
    amount: int
    currency: str
    captured: bool = True
    pending_until: datetime | None = None


class PaymentRecord(Wire):
    order: OrderRef
    payment: Payment


class PaymentFailure(Wire):
    """A declined attempt at the charge of an order that may wait until then. payment_id: the provider's payment, which the
    customer may still authenticate."""

    attempt: int
    code: str
    reason: str
    waits_until: datetime
    payment_id: str | None = None


class PaymentFailureRecord(Wire):
    order: OrderRef
    failure: PaymentFailure


class Shipment(Wire):
    shipment_id: str
    tracking_number: str
    carrier: str


class ShipmentRecord(Wire):
    order: OrderRef
    shipment: Shipment


class Undo(Wire):
    """accepts_pending: as in ChargeRef."""

    order: OrderRef
    reason: str
    accepts_pending: bool = False


class ReturnedPayment(Wire):
    """Result of a refund; empty if there was no charge. pending: the provider has not decided yet. closed: a person has closed
    the refund, and nothing is returned."""

    payment_id: str | None = None
    refund_id: str | None = None
    amount: int = 0
    pending: bool = False
    closed: bool = False


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
    """Result of a compensation. existed: there was an effect to undo. pending: the provider has not decided yet. refused: the
    provider's reason for refusing so far."""

    existed: bool
    pending: bool = False
    refused: str | None = None


class RefundRef(OrderRef):
    """A requested refund of a shipped order, and the time of the request. amount: the refunded amount, set after the
    gateway's answer; None for the full amount. accepts_pending: as in ChargeRef."""

    refund_id: str
    requested_at: datetime | None = None
    amount: int | None = None
    accepts_pending: bool = False


class RefundRefusal(OrderRef):
    """A requested refund that the provider refuses for good, with its reason."""

    refund_id: str
    reason: str


class Publication(Wire):
    order: OrderRef
    topic: str


class Published(Wire):
    """Id of the message, the same for every retry."""

    message_id: str


class Window(Wire):
    """Time from which payments are compared with the provider; None: a first time."""

    since: datetime | None = None


class Reconciled(Wire):
    """Result of a reconciliation: the time up to which changes were looked at, and the number of orders compared, changes
    recorded, and orders that could not be compared."""

    until: datetime
    orders: int
    recorded: int
    failed: int


I = TypeVar("I", bound=Wire)  # noqa: E741
O = TypeVar("O", bound=Wire)  # noqa: E741


@dataclass(frozen=True)
class Signature(Generic[I, O]):
    """An activity type: its name in Temporal, its argument and its result, and the gateway that it calls."""

    name: str
    input: type[I]
    output: type[O]
    gateway: Gateway | None = None


READ_ORDER = Signature("read-order", OrderRef, OrderProgress)
CHECK_INVENTORY = Signature("check-inventory", OrderRef, Availability)
CONFIRM = Signature("confirm", OrderRef, OrderProgress)
CANCEL = Signature("cancel", Cancellation, OrderProgress)
CHARGE_PAYMENT = Signature("charge-payment", ChargeRef, Payment, Gateway.PAYMENTS)
RECORD_PENDING_PAYMENT = Signature("record-pending-payment", PaymentRecord, OrderProgress)
CAPTURE_PAYMENT = Signature("capture-payment", OrderRef, Payment, Gateway.PAYMENTS)
RECORD_PAYMENT = Signature("record-payment", PaymentRecord, OrderProgress)
RECORD_PAYMENT_FAILURE = Signature("record-payment-failure", PaymentFailureRecord, OrderProgress)
RESERVE_INVENTORY = Signature("reserve-inventory", OrderRef, Reserved)
CREATE_SHIPMENT = Signature("create-shipment", OrderRef, Shipment, Gateway.LABELS)
RECORD_SHIPMENT = Signature("record-shipment", ShipmentRecord, OrderProgress)
REFUND_PAYMENT = Signature("refund-payment", Undo, ReturnedPayment, Gateway.PAYMENTS)
RELEASE_INVENTORY = Signature("release-inventory", Undo, Undone)
VOID_SHIPMENT = Signature("void-shipment", Undo, Undone, Gateway.LABELS)
RECORD_REFUND = Signature("record-refund", RefundRecord, OrderProgress)
RETURN_PAYMENT = Signature("return-payment", RefundRef, ReturnedPayment, Gateway.PAYMENTS)
RECORD_REQUESTED_REFUND = Signature("record-requested-refund", RefundRef, OrderProgress)
CLOSE_REFUND = Signature("close-refund", RefundRefusal, OrderProgress)
PUBLISH = Signature("publish", Publication, Published)
REQUEST_CANCEL = Signature("request-cancel", OrderRef, OrderRef)
RECONCILE_PAYMENTS = Signature("reconcile-payments", Window, Reconciled)
