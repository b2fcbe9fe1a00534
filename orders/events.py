"""Events of an order. An event's data is complete in itself: a consumer needs no other data.

Unknown fields are ignored on reading, so that a later version may add some. Each event's `summary` is its line in a
timeline: without names or addresses.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypedDict, get_args

from pydantic import Field

from orders.adjustments import PaymentAdjusted
from orders.fields import Amount, CurrencyCode, NoteText, OptionalText, Sku, Tag, Text, Wire
from orders.model import Order, OrderContent, OrderFact, units
from orders.money import format_money
from orders.payment_events import PaymentFailed, PaymentMethodGiven, PaymentPending, RefundClosed


class CancelledBy(StrEnum):
    """Originator of a cancellation: a person (customer, operator) or one of the workflows."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    FULFILLMENT = "fulfillment"
    VALIDATION = "validation"


class Shortage(Wire):
    """A SKU with fewer units available than ordered."""

    sku: Sku
    requested: Annotated[int, Field(strict=True, ge=1)]
    available: Annotated[int, Field(strict=True, ge=0)]


class SharedFacts(TypedDict):
    """Facts that every event carries."""

    order_id: str
    customer_id: str
    currency: str


def shared_facts(order: Order) -> SharedFacts:
    """Facts that every event of this order carries: `OrderHeld(**shared_facts(order), reason=…)`."""
    return SharedFacts(order_id=order.order_id, customer_id=order.customer_id, currency=order.currency)


class OrderPlaced(OrderContent):
    """An order was placed; the event holds all of it."""

    event_type: ClassVar[str] = "order.placed"

    @staticmethod
    def of(order: Order) -> "OrderPlaced":
        return OrderPlaced.model_construct(order.model_fields_set, **order.__dict__)

    @property
    def order(self) -> Order:
        return Order.model_construct(self.model_fields_set, **self.__dict__)

    @property
    def summary(self) -> str:
        count = units(self)
        counted = f"{count:,} unit" if count == 1 else f"{count:,} units"
        return f"{format_money(self.total, self.currency)}, {counted}, customer {self.customer_id}"


class OrderConfirmed(OrderFact):
    """All items were in stock. `total` is in minor units."""

    event_type: ClassVar[str] = "order.confirmed"

    currency: CurrencyCode
    total: Amount

    @property
    def summary(self) -> str:
        return format_money(self.total, self.currency)


class OrderPaid(OrderFact):
    """The customer was charged. `amount` is in minor units and equals the order's total."""

    event_type: ClassVar[str] = "order.paid"

    payment_id: Text
    amount: Amount
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return f"{format_money(self.amount, self.currency)} as {self.payment_id}"


class OrderShipped(OrderFact):
    """The order has shipped. `amount` is its total in minor units, which counts as revenue."""

    event_type: ClassVar[str] = "order.shipped"

    shipment_id: Text
    tracking_number: Text
    carrier: Text
    amount: Amount
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return f"{self.tracking_number} by {self.carrier}"


class OrderCancelled(OrderFact):
    """The order was cancelled. `amount_paid` is the recorded payment in minor units, 0 without one; `amount_returned` the
    part of the money that adjustments had returned before. `paid_at_checkout`: the order names a payment from before it was
    placed, which is returned too."""

    event_type: ClassVar[str] = "order.cancelled"

    reason: Text
    cancelled_by: CancelledBy
    currency: CurrencyCode
    amount_paid: Amount
    amount_returned: Amount = 0
    shortages: tuple[Shortage, ...] = ()
    paid_at_checkout: bool = False

    @property
    def summary(self) -> str:
        return f"{self.reason}, by {self.cancelled_by}{_short_of(self.shortages)}"


class OrderHeld(OrderFact):
    """A person put the order on hold: no further step until it is released or cancelled."""

    event_type: ClassVar[str] = "order.held"

    reason: Text
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return self.reason


class OrderReleased(OrderFact):
    """A person released a held order. `status` is its status, which selects the workflow that continues it."""

    event_type: ClassVar[str] = "order.released"

    status: Text
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return f"goes on from {self.status}"


class OrderRetried(OrderFact):
    """A person retried the order in its status. `carrier`, `service`: chosen for its label."""

    event_type: ClassVar[str] = "order.retried"

    status: Text
    reason: Text
    currency: CurrencyCode
    carrier: OptionalText = None
    service: OptionalText = None

    @property
    def summary(self) -> str:
        chosen = " ".join(filter(None, (self.carrier, self.service)))
        by = f" by {chosen}" if chosen else ""
        return f"retried{by} while {self.status}: {self.reason}"


class RefundRequested(OrderFact):
    """A person requested a refund of a shipped order. `amount` is in minor units."""

    event_type: ClassVar[str] = "order.refund_requested"

    refund_id: Text
    payment_id: Text
    amount: Amount
    currency: CurrencyCode
    reason: Text

    @property
    def summary(self) -> str:
        return f"{format_money(self.amount, self.currency)} as {self.refund_id}: {self.reason}"


class OrderRefunded(OrderFact):
    """A refund was made. `amount` is in minor units; `after_shipment` where the order stays shipped."""

    event_type: ClassVar[str] = "order.refunded"

    refund_id: Text
    payment_id: Text
    amount: Amount
    currency: CurrencyCode
    reason: Text
    after_shipment: bool = False

    @property
    def summary(self) -> str:
        return f"{format_money(self.amount, self.currency)} as {self.refund_id}"


class OrderNoted(OrderFact):
    """A person wrote a note about the order."""

    event_type: ClassVar[str] = "order.noted"

    text: NoteText
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return self.text


class TagFact(OrderFact):
    """A tag that was added to the order or removed from it."""

    tag: Tag
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return self.tag


class OrderTagged(TagFact):
    """A person added a tag to the order."""

    event_type: ClassVar[str] = "order.tagged"


class OrderUntagged(TagFact):
    """A person removed a tag from the order."""

    event_type: ClassVar[str] = "order.untagged"


Event = (
    OrderPlaced
    | OrderConfirmed
    | OrderPaid
    | OrderShipped
    | OrderCancelled
    | OrderRefunded
    | OrderHeld
    | OrderReleased
    | OrderRetried
    | RefundRequested
    | PaymentPending
    | RefundClosed
    | PaymentFailed
    | PaymentMethodGiven
    | PaymentAdjusted
    | OrderNoted
    | OrderTagged
    | OrderUntagged
)

EVENTS: Final[tuple[type[Event], ...]] = get_args(Event)
ANNOTATIONS: Final = (OrderNoted, OrderTagged, OrderUntagged)
"""Events that change nothing about an order but its notes and tags: no workflow follows, no work depends on them."""


def _short_of(shortages: tuple[Shortage, ...]) -> str:
    if not shortages:
        return ""
    named = ", ".join(f"{each.sku} ({each.available:,} of {each.requested:,})" for each in shortages[:3])
    more = f" and {len(shortages) - 3} more" if len(shortages) > 3 else ""
    return f"; short of {named}{more}"
