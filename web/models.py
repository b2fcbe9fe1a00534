"""Documents of the API alone; `application.documents` has those that it shares with `--json`."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from application.documents import Amount, Document, OrderDocument, PaymentState, Position, Status
from orders.payment_events import RefundOutcome


class Asked(Document):
    """A JSON object of a request; an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Sparse(Document):
    """A document without its empty fields."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)


class ProblemFault(_Sparse):
    """One fault. pointer: a JSON pointer into the body, "" for the whole body; parameter: a parameter's name."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class ProblemDocument(_Sparse):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[ProblemFault] | None = None


class OrderChange(Document):
    """An event that changed an order, and who caused it."""

    version: int
    type: str
    actor: str | None
    recorded_at: datetime


class OrderChangedProblem(ProblemDocument):
    """The refusal of a request whose If-Match the order does not fulfil. order: its present state. hold: the event that holds
    it, null where it is not on hold."""

    order: OrderDocument
    last_change: OrderChange
    hold: OrderChange | None


class Placed(Document):
    """A placed order. changed: true where this request placed it."""

    order_id: str
    changed: bool
    status: Status
    version: int
    position: Position


class Acted(Document):
    """An order after a person's act. changed: false where it had no effect."""

    order_id: str
    changed: bool
    status: Status
    payment_state: PaymentState
    on_hold: bool
    version: int
    position: Position


class Tagged(Acted):
    """tags: of the order, in the order of their addition."""

    tags: list[str]


class Retried(Acted):
    """workflows: types of the workflows that were started again, or woken. effect: the work that follows, in a sentence."""

    workflows: list[str]
    effect: str


class RefundAsked(Acted):
    """refundable: the amount that can still be refunded."""

    refund_id: str
    amount: Amount
    currency: str
    refundable: Amount


class RefundClosed(Acted):
    """outcome: of the refund, which the payment provider does not make."""

    refund_id: str
    outcome: RefundOutcome


class OrderPayment(Document):
    """An order's payment. waits: for another means of payment, or for the customer, until waitsUntil; code and reason are of
    the last decline. providerStatus, clientSecret, nextAction: from the provider, of a payment that the customer can complete;
    the last two only for keys that may place orders."""

    order_id: str
    status: Status
    payment_state: PaymentState
    version: int
    waits: bool
    attempt: int | None = None
    code: str | None = None
    reason: str | None = None
    waits_until: datetime | None = None
    payment_id: str | None = None
    provider_status: str | None = None
    client_secret: str | None = None
    next_action: dict[str, Any] | None = None


class OrderRow(Document):
    """An order in the read model order-dashboard (`projections.order_dashboard.OrderRow`)."""

    order_id: str
    customer_id: str
    customer_name: str
    country: str
    status: Status
    payment_state: PaymentState
    currency: str
    total: Amount
    units: int
    amount_paid: Amount
    amount_refunded: Amount
    amount_settled: Amount
    hold_reason: str | None
    payment_failure: str | None
    waits_until: datetime | None
    reason: str | None
    cancelled_by: str | None
    tracking_number: str | None
    carrier: str | None
    tags: list[str]
    metadata: dict[str, str]
    placed_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    placed_position: Position
    position: Position


class Orders(Document):
    """A page of orders. after: cursor of the next page; null on the last."""

    orders: list[OrderRow]
    after: str | None


class CustomerRow(Document):
    """A customer's orders in one currency."""

    customer_id: str
    currency: str
    order_count: int
    shipped_count: int
    cancelled_count: int
    total_spend: Amount
    first_order_at: datetime
    last_order_at: datetime
    position: Position


class Customers(Document):
    customers: list[CustomerRow]
    after: str | None


class StockLevel(Document):
    """reserved: units of open and shipped orders."""

    sku: str
    name: str | None
    unit_price: Amount | None
    available: int
    reserved: int


class Inventory(Document):
    levels: list[StockLevel]
    after: str | None


class Adjustment(Document):
    """A change of available units by a person. before, after: null in entries from before they were recorded.
    orderId, refundId: of a restock."""

    id: int
    sku: str
    kind: Literal["import", "set", "adjust", "restock"]
    change: int
    before: int | None
    after: int | None
    reason: str | None
    actor: str
    at: datetime
    order_id: str | None
    refund_id: str | None


class AdjustmentList(Document):
    """A page. after: cursor of the next page; null on the last."""

    adjustments: list[Adjustment]
    after: str | None


class Restocked(Document):
    """changed: false where the units were put back before, for the same refund."""

    order_id: str
    refund_id: str
    changed: bool
    adjustments: list[Adjustment]


class OrderChanged(Document):
    """A change in the stream of all orders. status: the order's current status in the read model."""

    order_id: str
    customer_id: str
    type: str
    status: Status
    position: Position
