"""The HTTP API's documents, as in its OpenAPI description. Generated: `make client` writes this file."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

CancelledBy = Literal["customer", "operator", "fulfillment", "validation"]

RefundOutcome = Literal["refused", "withdrawn", "settled_elsewhere"]


class Acted(TypedDict):
    orderId: str
    changed: bool
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    paymentState: Literal["none", "paid", "refunded"]
    onHold: bool
    version: int
    position: int


class Address(TypedDict):
    name: str
    line1: str
    line2: str | None
    city: str
    region: str | None
    postalCode: str | None
    country: str
    phone: str | None


class Adjustments(TypedDict):
    shipping: int
    tax: int
    discount: int


class Cancellation(TypedDict):
    reason: str
    cancelledBy: CancelledBy
    shortages: list[OrderShortage]


class ClosedRefund(TypedDict):
    refundId: str
    amount: int
    reason: str
    outcome: RefundOutcome


class Hold(TypedDict):
    reason: str


class OrderChanged(TypedDict):
    orderId: str
    customerId: str
    type: str
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    position: int


class OrderDocument(TypedDict):
    orderId: str
    customerId: str
    currency: str
    items: list[OrderLine]
    adjustments: Adjustments
    total: int
    shippingAddress: Address
    paymentMethod: str | None
    metadata: dict[str, str]
    placedAt: str
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    paymentState: Literal["none", "paid", "refunded"]
    refunded: int
    owed: int
    version: int
    tags: list[str]
    payment: Payment | None
    pendingPayment: PendingPayment | None
    shipment: Shipment | None
    refund: Refund | None
    refunds: list[RequestedRefund]
    closedRefunds: list[ClosedRefund]
    paymentAdjustments: list[PaymentAdjustment]
    hold: Hold | None
    paymentFailure: PaymentFailure | None
    cancellation: Cancellation | None


class OrderLine(TypedDict):
    sku: str
    name: str
    quantity: int
    unitPrice: int


class OrderRow(TypedDict):
    orderId: str
    customerId: str
    customerName: str
    country: str
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    paymentState: Literal["none", "paid", "refunded"]
    currency: str
    total: int
    units: int
    amountPaid: int
    amountRefunded: int
    amountSettled: int
    holdReason: str | None
    paymentFailure: str | None
    waitsUntil: str | None
    reason: str | None
    cancelledBy: str | None
    trackingNumber: str | None
    carrier: str | None
    tags: list[str]
    metadata: dict[str, str]
    placedAt: str
    updatedAt: str
    confirmedAt: str | None
    paidAt: str | None
    shippedAt: str | None
    cancelledAt: str | None
    refundedAt: str | None
    placedPosition: int
    position: int


class OrderShortage(TypedDict):
    sku: str
    requested: int
    available: int


class Payment(TypedDict):
    paymentId: str
    amount: int


class PaymentAdjustment(TypedDict):
    action: Literal["refunded", "captured", "released", "disputed", "dispute_won", "dispute_lost"]
    reference: str
    amount: int
    returned: int
    reason: str | None


class PaymentFailure(TypedDict):
    attempt: int
    code: str
    reason: str
    waitsUntil: str


class PendingPayment(TypedDict):
    paymentId: str
    amount: int
    until: str


class Placed(TypedDict):
    orderId: str
    changed: bool
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    version: int
    position: int


class ProblemDocument(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    instance: NotRequired[str | None]
    errors: NotRequired[list[ProblemFault] | None]


class ProblemFault(TypedDict):
    pointer: NotRequired[str | None]
    parameter: NotRequired[str | None]
    detail: str


class Refund(TypedDict):
    refundId: str
    amount: int
    reason: str


class RefundAsked(TypedDict):
    orderId: str
    changed: bool
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    paymentState: Literal["none", "paid", "refunded"]
    onHold: bool
    version: int
    position: int
    refundId: str
    amount: int
    currency: str
    refundable: int


class RequestedRefund(TypedDict):
    refundId: str
    amount: int
    reason: str
    made: bool
    outcome: RefundOutcome | None


class Retried(TypedDict):
    orderId: str
    changed: bool
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    paymentState: Literal["none", "paid", "refunded"]
    onHold: bool
    version: int
    position: int
    workflows: list[str]
    effect: str


class Shipment(TypedDict):
    shipmentId: str
    trackingNumber: str
    carrier: str


class Tagged(TypedDict):
    orderId: str
    changed: bool
    status: Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
    paymentState: Literal["none", "paid", "refunded"]
    onHold: bool
    version: int
    position: int
    tags: list[str]


class TimelineEvent(TypedDict):
    version: int
    position: int
    id: str
    type: str
    recordedAt: str
    actor: str | None
    causationId: str | None
    correlationId: str | None
    data: dict[str, Any]
    summary: str
    cause: str | None
