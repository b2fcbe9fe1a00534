"""Documents of the API and of `--json`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from application import balances
from orders.adjustments import AdjustmentAction
from orders.events import CancelledBy
from orders.model import Address, Adjustments, OrderLine
from orders.payment_events import RefundOutcome
from orders.state import Cancelled, Confirmed, ExistingOrder, Shipped

Status = Literal["placed", "confirmed", "paid", "shipped", "cancelled"]
PaymentState = Literal["none", "paid", "refunded"]
Amount = Annotated[int, Field(description="minor units of the currency: 1250 is 12.50 EUR")]
Position = Annotated[int, Field(ge=0, description="a position in the log; later events have higher ones")]


class Document(BaseModel):
    """A JSON object: field names in camelCase, amounts in minor units, times in UTC."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )


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
    """made: true once the payment provider has returned the money. outcome: of a refund that the provider does not make; null
    while it is requested, and once it is made."""

    made: bool
    outcome: RefundOutcome | None


class ClosedRefund(Refund):
    """A refund that the payment provider does not make. reason: of its end."""

    outcome: RefundOutcome


class PendingPayment(Payment):
    """A payment that the provider is processing, and that may still fail. until: its end at the latest."""

    until: datetime


class PaymentAdjustment(Document):
    """A change of the payment at the provider. reference: the provider's id of the refund, dispute or payment. amount: of the
    refund or dispute, or captured. returned: the amount by which the money kept shrinks."""

    action: AdjustmentAction
    reference: str
    amount: Amount
    returned: int
    reason: str | None


class Hold(Document):
    reason: str


class PaymentFailure(Document):
    """The last decline of an order that waits for another payment, and its deadline."""

    attempt: int
    code: str
    reason: str
    waits_until: datetime


class OrderShortage(Document):
    sku: str
    requested: int
    available: int


class Cancellation(Document):
    reason: str
    cancelled_by: CancelledBy
    shortages: list[OrderShortage]


class OrderDocument(Document):
    """An order, from its stream. refunded, owed: money that has gone back to the customer, and that is still to go back.
    metadata: the shop's own, as it was placed."""

    order_id: str
    customer_id: str
    currency: str
    items: list[OrderLine]
    adjustments: Adjustments
    total: Amount
    shipping_address: Address
    payment_method: str | None
    metadata: dict[str, str]
    placed_at: datetime
    status: Status
    payment_state: PaymentState
    refunded: Amount
    owed: Amount
    version: int
    tags: list[str]
    payment: Payment | None
    pending_payment: PendingPayment | None
    shipment: Shipment | None
    refund: Refund | None
    refunds: list[RequestedRefund]
    closed_refunds: list[ClosedRefund]
    payment_adjustments: list[PaymentAdjustment]
    hold: Hold | None
    payment_failure: PaymentFailure | None
    cancellation: Cancellation | None

    @classmethod
    def of(cls, state: ExistingOrder, version: int) -> Self:
        """Build the document of an order's state."""
        return cls.model_validate(
            {
                **dict(state.order),
                "payment_method": state.payment_method or state.order.payment_method,
                "status": state.status,
                "payment_state": state.payment_state,
                "refunded": balances.refunded(state),
                "owed": balances.owed(state),
                "version": version,
                "tags": state.tags,
                "payment": state.payment,
                "pending_payment": state.pending if isinstance(state, Confirmed) else None,
                "shipment": state.shipment,
                "refund": state.refund,
                "refunds": _refunds(state) if isinstance(state, Shipped) else [],
                "closed_refunds": state.closed if isinstance(state, Shipped | Cancelled) else (),
                "payment_adjustments": state.adjustments,
                "hold": state.hold,
                "payment_failure": state.awaited,
                "cancellation": state if isinstance(state, Cancelled) else None,
            }
        )


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


class TimelineRestock(Document):
    """Units of one SKU that a person put back into stock for a refund of the order. id: of its entry in the adjustments."""

    id: int
    sku: str
    units: int
    refund_id: str
    reason: str | None
    actor: str
    at: datetime


class Timeline(Document):
    """Events, workflows and restocks of an order. workflows: null where Temporal did not respond."""

    order_id: str
    events: list[TimelineEvent]
    workflows: list[Workflow] | None
    restocks: list[TimelineRestock]


def _refunds(state: Shipped) -> list[RequestedRefund]:
    """Return the refunds of a shipped order in order of request; once made, with the amount refunded."""
    made = {each.refund_id: each for each in state.refunds}
    closed = {each.refund_id: each.outcome for each in state.closed}
    return [
        RequestedRefund(
            refund_id=each.refund_id,
            amount=made.get(each.refund_id, each).amount,
            reason=each.reason,
            made=each.refund_id in made,
            outcome=closed.get(each.refund_id),
        )
        for each in state.requested
    ]
