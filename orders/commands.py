"""Commands of an order. Ids and amounts of gateways come in with the command; amounts are minor units."""

from dataclasses import dataclass
from datetime import datetime

from orders.adjustments import AdjustmentAction
from orders.events import CancelledBy, Shortage
from orders.interventions import Intervention
from orders.model import Order
from orders.payment_attempts import PaymentAttempt
from orders.payment_events import RefundOutcome


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Place a new order."""

    order: Order

    @property
    def order_id(self) -> str:
        return self.order.order_id


@dataclass(frozen=True, slots=True)
class ConfirmOrder:
    """Confirm an order: all items are in stock."""

    order_id: str


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """Record the charge that the payment gateway made."""

    order_id: str
    payment_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RecordPendingPayment:
    """Record that the provider is processing the payment, for which it may take `until` then."""

    order_id: str
    payment_id: str
    amount: int
    until: datetime


@dataclass(frozen=True, slots=True)
class CloseRefund:
    """Close a refund that the provider will not make; idempotent by the refund's id and outcome. amount: what is settled of a
    cancelled order's payment; None for all of it."""

    order_id: str
    refund_id: str
    outcome: RefundOutcome
    reason: str
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class RecordShipment:
    """Record the shipment that the carrier accepted."""

    order_id: str
    shipment_id: str
    tracking_number: str
    carrier: str


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """End the order without goods; `shortages` are the SKUs that were missing, where that is the reason."""

    order_id: str
    reason: str
    cancelled_by: CancelledBy
    shortages: tuple[Shortage, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordRefund:
    """Record the refund that the payment gateway made."""

    order_id: str
    refund_id: str
    payment_id: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class RecordAdjustment:
    """Record a change of the payment at the provider; idempotent by action and reference."""

    order_id: str
    action: AdjustmentAction
    reference: str
    payment_id: str
    amount: int
    reason: str | None = None


Command = (
    PlaceOrder
    | ConfirmOrder
    | RecordPayment
    | RecordPendingPayment
    | RecordShipment
    | CancelOrder
    | RecordRefund
    | CloseRefund
    | RecordAdjustment
    | Intervention
    | PaymentAttempt
)
