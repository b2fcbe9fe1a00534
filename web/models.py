"""Documents of the API and of `--json`: field names in camelCase, amounts in minor units, times in UTC."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from orders.events import CancelledBy
from orders.model import Address, Adjustments, OrderLine

Status = Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
PaymentState = Literal["none", "paid", "refunded"]
Amount = Annotated[int, Field(description="minor units of the currency: 1250 is 12.50 EUR")]
Position = Annotated[int, Field(ge=0, description="a position in the log; later events have higher ones")]


class Document(BaseModel):
    """A JSON object of an answer."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class ProblemFault(Document):
    """One fault. pointer: a JSON pointer into the body, "" for the whole body; parameter: a parameter's name."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class ProblemDocument(Document):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[ProblemFault] | None = None


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


class Retried(Acted):
    """workflows: types of the workflows that were started again."""

    workflows: list[str]


class RefundAsked(Acted):
    """refundable: the amount that can still be refunded."""

    refund_id: str
    amount: Amount
    currency: str
    refundable: Amount


class OrderRow(Document):
    """An order in the read model order-dashboard (`projections.order_dashboard.OrderRow`)."""

    order_id: str
    customer_id: str
    status: Status
    payment_state: PaymentState
    currency: str
    total: Amount
    units: int
    amount_paid: Amount
    amount_refunded: Amount
    hold_reason: str | None
    reason: str | None
    cancelled_by: str | None
    tracking_number: str | None
    carrier: str | None
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


class Payment(Document):
    payment_id: str
    amount: Amount


class Shipment(Document):
    shipment_id: str
    tracking_number: str
    carrier: str


class Refund(Document):
    refund_id: str
    amount: Amount
    reason: str


class RequestedRefund(Refund):
    """made: true once the money is refunded."""

    made: bool


class Hold(Document):
    reason: str


class OrderShortage(Document):
    sku: str
    requested: int
    available: int


class Cancellation(Document):
    reason: str
    cancelled_by: CancelledBy
    shortages: list[OrderShortage]


class OrderDocument(Document):
    """An order, from its stream."""

    order_id: str
    customer_id: str
    currency: str
    items: list[OrderLine]
    adjustments: Adjustments
    total: Amount
    shipping_address: Address
    payment_method: str | None
    placed_at: datetime
    status: Status
    payment_state: PaymentState
    version: int
    payment: Payment | None
    shipment: Shipment | None
    refund: Refund | None
    refunds: list[RequestedRefund]
    hold: Hold | None
    cancellation: Cancellation | None


class TimelineEvent(Document):
    """An event of an order. summary: its facts in a few words. cause: the event that caused it, or null."""

    version: int
    position: Position
    id: str
    type: str
    recorded_at: datetime
    actor: str | None
    causation_id: str | None
    correlation_id: str | None
    data: dict[str, Any]
    summary: str
    cause: str | None


class Workflow(Document):
    """One of an order's workflows at Temporal. url: its page in Temporal's Web UI, where that is known."""

    type: str
    workflow_id: str
    run_id: str | None
    status: str
    started: datetime | None
    ended: datetime | None
    needs_attention: bool
    url: str | None


class Timeline(Document):
    """Events and workflows of an order. workflows: null where Temporal did not respond."""

    order_id: str
    events: list[TimelineEvent]
    workflows: list[Workflow] | None


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


class OrderChanged(Document):
    """A change in the stream of all orders. status: the order's current status in the read model."""

    order_id: str
    customer_id: str
    type: str
    status: Status
    position: Position
