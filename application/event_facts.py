"""What an event says, in a few words for a timeline: no names or addresses."""

from typing import assert_never

from orders.events import (
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderHeld,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReleased,
    OrderRetried,
    OrderShipped,
    RefundRequested,
    Shortage,
)
from orders.model import units
from orders.money import format_money


def event_facts(event: Event) -> str:
    """The event's own facts."""
    match event:
        case OrderPlaced():
            return f"{format_money(event.total, event.currency)}, {_units(event)}, customer {event.customer_id}"
        case OrderConfirmed():
            return format_money(event.total, event.currency)
        case OrderPaid():
            return f"{format_money(event.amount, event.currency)} as {event.payment_id}"
        case OrderShipped():
            return f"{event.tracking_number} by {event.carrier}"
        case OrderCancelled():
            return f"{event.reason}, by {event.cancelled_by}{_short_of(event.shortages)}"
        case OrderRefunded():
            return f"{format_money(event.amount, event.currency)} as {event.refund_id}"
        case OrderHeld():
            return event.reason
        case OrderReleased():
            return f"goes on from {event.status}"
        case OrderRetried():
            return f"taken up again while {event.status}: {event.reason}"
        case RefundRequested():
            return f"{format_money(event.amount, event.currency)} as {event.refund_id}: {event.reason}"
        case _:
            assert_never(event)


def _units(event: OrderPlaced) -> str:
    count = units(event)
    return f"{count:,} unit" if count == 1 else f"{count:,} units"


def _short_of(shortages: tuple[Shortage, ...]) -> str:
    if not shortages:
        return ""
    named = ", ".join(f"{each.sku} ({each.available:,} of {each.requested:,})" for each in shortages[:3])
    more = f" and {len(shortages) - 3} more" if len(shortages) > 3 else ""
    return f"; short of {named}{more}"
