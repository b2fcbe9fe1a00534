"""A row per customer and currency: how many orders, and the money that stayed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from eventstore.model import RecordedEvent
from orders.events import OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, OrderShipped
from projections.projection import Key, NotPlaced, Projection, Sum
from projections.sql import CUSTOMER_ORDERS_SQL

_FIRST: Final = datetime.max.replace(tzinfo=UTC)
_LAST: Final = datetime.min.replace(tzinfo=UTC)
CustomerEvent: TypeAlias = OrderPlaced | OrderPaid | OrderShipped | OrderCancelled | OrderRefunded


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer's orders in one currency. Counts are orders, also those that went on since; times are the orders' own.

    total_spend: minor units; an order counts when it is paid, less what is refunded, and no more when it is cancelled.
    """

    customer_id: str
    currency: str
    order_count: int = 0
    shipped_count: int = 0
    cancelled_count: int = 0
    total_spend: Sum = 0
    first_order_at: datetime = _FIRST
    last_order_at: datetime = _LAST
    position: int = 0


def reduce(row: CustomerRow, event: CustomerEvent, recorded: RecordedEvent) -> CustomerRow:
    """The customer's figures after an event. Raises NotPlaced where no order was ever placed."""
    if row.order_count == 0 and not isinstance(event, OrderPlaced):
        raise NotPlaced(event.order_id, event.event_type)
    return replace(row, **_changes(row, event), position=recorded.position)


def _changes(row: CustomerRow, event: CustomerEvent) -> dict[str, Any]:
    match event:
        case OrderPlaced(placed_at=at):
            return {
                "order_count": row.order_count + 1,
                "first_order_at": min(row.first_order_at, at),
                "last_order_at": max(row.last_order_at, at),
            }
        case OrderPaid(amount=amount):
            return {"total_spend": row.total_spend + amount}
        case OrderShipped():
            return {"shipped_count": row.shipped_count + 1}
        case OrderCancelled(amount_paid=paid):
            return {"cancelled_count": row.cancelled_count + 1, "total_spend": row.total_spend - paid}
        case OrderRefunded(amount=amount, after_shipment=shipped):
            # Of a cancelled order, all that was recorded as paid has been taken off already.
            return {"total_spend": row.total_spend - amount} if shipped else {}


def _key(event: CustomerEvent) -> Key:
    return (event.customer_id, event.currency)


CUSTOMER_ORDERS: Final = Projection(
    name="customer-orders",
    table="customer_orders",
    row=CustomerRow,
    key_columns=("customer_id", "currency"),
    events=(OrderPlaced, OrderPaid, OrderShipped, OrderCancelled, OrderRefunded),
    key=_key,
    initial=lambda key: CustomerRow(customer_id=key[0], currency=key[1]),
    reduce=reduce,
    sql=CUSTOMER_ORDERS_SQL,
)
