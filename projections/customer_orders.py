"""Read model customer-orders: a row per customer and currency, with the number of orders and the money kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias, get_args

from eventstore.model import RecordedEvent
from orders.adjustments import PaymentAdjusted
from orders.events import OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, OrderShipped
from orders.payment_events import RefundClosed, RefundOutcome
from projections.columns import Sum
from projections.projection import Changes, OrderMissing, Projection

_FIRST: Final = datetime.max.replace(tzinfo=UTC)
_LAST: Final = datetime.min.replace(tzinfo=UTC)
CustomerEvent: TypeAlias = (
    OrderPlaced | OrderPaid | OrderShipped | OrderCancelled | OrderRefunded | RefundClosed | PaymentAdjusted
)


@dataclass(slots=True)
class CustomerRow:
    """A customer's orders in one currency. Counts are of orders, later states included; times are the orders' own.

    total_spend: minor units. An order counts once it is paid, less the money returned in any way, until it is cancelled.
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


def changes(row: CustomerRow, event: CustomerEvent, recorded: RecordedEvent) -> Changes:
    """New figures of the customer. Raises OrderMissing if the customer has no order in this currency."""
    if row.order_count == 0 and not isinstance(event, OrderPlaced):
        raise OrderMissing(event.order_id, event.event_type)
    return {"position": recorded.position, **_figures(row, event)}


def _figures(row: CustomerRow, event: CustomerEvent) -> Changes:
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
        case OrderCancelled(amount_paid=paid, amount_returned=returned):
            return {"cancelled_count": row.cancelled_count + 1, "total_spend": row.total_spend - paid + returned}
        case OrderRefunded(amount=amount, after_shipment=shipped):
            # Cancelling has already subtracted all that was recorded as paid.
            return {"total_spend": row.total_spend - amount} if shipped else {}
        case RefundClosed(outcome=RefundOutcome.SETTLED_ELSEWHERE, after_shipment=True, made=False, amount=amount):
            return {"total_spend": row.total_spend - amount}
        case RefundClosed():
            return {}
        case PaymentAdjusted(returned=returned, status=status):
            return {"total_spend": row.total_spend - returned} if status != "cancelled" else {}


CUSTOMER_ORDERS: Final = Projection(
    name="customer-orders",
    table="customer_orders",
    row=CustomerRow,
    key_columns=("customer_id", "currency"),
    events=get_args(CustomerEvent),
    keys=lambda event, _: ((event.customer_id, event.currency),),
    changes=changes,
)
