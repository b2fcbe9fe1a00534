"""Read model order-dashboard: a row per order, with its status, its amounts and the time of each step."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from eventstore.model import RecordedEvent
from orders.adjustments import PaymentAdjusted
from orders.events import (
    EVENTS,
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderHeld,
    OrderNoted,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReleased,
    OrderRetried,
    OrderShipped,
    OrderTagged,
    OrderUntagged,
    RefundRequested,
)
from orders.model import units
from orders.payment_events import PaymentFailed, PaymentMethodGiven, PaymentPending, RefundClosed, RefundOutcome
from projections.projection import Changes, OrderMissing, Projection
from projections.search_words import search_text, whole_words, words_and_parts

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_NOT_WAITING: Final[Changes] = {"payment_failure": None, "waits_until": None}
_MADE_AT_CHECKOUT: Final = "pi_"


@dataclass(slots=True)
class OrderRow:
    """An order as operators see it. Amounts in minor units; times UTC, as recorded, but `placed_at` is the order's own.

    customer_name, country: of the delivery address. status: placed, confirmed, paid, shipped or cancelled. payment_state: none,
    paid or refunded. amount_settled: returned by a person in another way than by the payment provider. hold_reason: null unless
    the order is on hold. payment_failure, waits_until: the last decline and the deadline, null unless the order waits for
    another payment. metadata: the shop's own. placed_position: of its order.placed, by which orders are listed. position: of
    its last event.
    """

    order_id: str
    customer_id: str = ""
    customer_name: str = ""
    country: str = ""
    status: str = ""
    payment_state: str = "none"
    currency: str = ""
    total: int = 0
    units: int = 0
    amount_paid: int = 0
    amount_refunded: int = 0
    amount_settled: int = 0
    hold_reason: str | None = None
    payment_failure: str | None = None
    waits_until: datetime | None = None
    reason: str | None = None
    cancelled_by: str | None = None
    tracking_number: str | None = None
    carrier: str | None = None
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    placed_at: datetime = _NEVER
    updated_at: datetime = _NEVER
    confirmed_at: datetime | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_at: datetime | None = None
    placed_position: int = 0
    position: int = 0


@dataclass(slots=True)
class SearchableOrder(OrderRow):
    """A row of the table: the order, and the words by which a search finds it."""

    search_text: str = ""


def changes(row: SearchableOrder, event: Event, recorded: RecordedEvent) -> Changes:
    """New values of the order's columns. Raises OrderMissing if the order has no row yet."""
    if row.placed_position == 0 and not isinstance(event, OrderPlaced):
        raise OrderMissing(event.order_id, event.event_type)
    at = recorded.recorded_at
    return {"updated_at": at, "position": recorded.position, **_step(row, event, at, recorded.position)}


def _step(row: SearchableOrder, event: Event, at: datetime, position: int) -> Changes:
    changed: Changes
    match event:
        case OrderPlaced():
            return _placed(event, position)
        case OrderConfirmed():
            return {"status": "confirmed", "confirmed_at": at}
        case OrderPaid(amount=amount, payment_id=payment):
            state = _state(amount, row.amount_refunded)
            changed = {"status": "paid", "payment_state": state, "amount_paid": amount, "paid_at": at}
            return {**changed, **_NOT_WAITING, **_found_by(row, payment)}
        case OrderShipped(tracking_number=number, carrier=carrier):
            changed = {"status": "shipped", "tracking_number": number, "carrier": carrier, "shipped_at": at}
            return {**changed, **_found_by(row, number)}
        case OrderCancelled(reason=reason, cancelled_by=by, amount_paid=paid):
            ended = {"status": "cancelled", "reason": reason, "cancelled_by": by.value, "cancelled_at": at}
            state = _state(paid, row.amount_refunded) if paid else "none"
            return ended | {"payment_state": state, "hold_reason": None, **_NOT_WAITING}
        case OrderRefunded(amount=amount):
            returned = row.amount_refunded + amount
            state = "paid" if event.after_shipment and returned < row.amount_paid else "refunded"
            return {"payment_state": state, "amount_refunded": returned, "refunded_at": at}
        case PaymentAdjusted():
            return _adjusted(row, event, at)
        case OrderHeld(reason=reason):
            return {"hold_reason": reason}
        case OrderReleased():
            return {"hold_reason": None}
        case RefundClosed():
            return _closed(row, event)
        case PaymentFailed(reason=reason, waits_until=until, payment_id=payment):
            return {"payment_failure": reason, "waits_until": until, **_found_by(row, payment or "")}
        case PaymentPending(payment_id=payment):
            return {**_NOT_WAITING, **_found_by(row, payment)}
        case PaymentMethodGiven() | OrderRetried():
            return _NOT_WAITING
        case OrderTagged(tag=tag):
            return {"tags": [*_others(row, tag), tag]}
        case OrderUntagged(tag=tag):
            return {"tags": _others(row, tag)}
        case RefundRequested() | OrderNoted():
            return {}


def _others(row: OrderRow, tag: str) -> list[str]:
    return [each for each in row.tags if each != tag]


def _closed(row: OrderRow, event: RefundClosed) -> Changes:
    if event.outcome is not RefundOutcome.SETTLED_ELSEWHERE:
        return {}
    settled: Changes = {"amount_settled": row.amount_settled + event.amount}
    if not event.made:
        return settled
    state = "paid" if row.amount_paid else "none"
    return {**settled, "payment_state": state, "amount_refunded": max(row.amount_refunded - event.amount, 0)}


def _adjusted(row: OrderRow, event: PaymentAdjusted, at: datetime) -> Changes:
    returned = row.amount_refunded + event.returned
    changed: Changes = {"amount_refunded": returned, "refunded_at": at} if event.returned else {}
    is_final = row.status == "cancelled" and row.payment_state == "refunded"
    return (
        changed if is_final or not row.amount_paid else changed | {"payment_state": _state(row.amount_paid, returned)}
    )


def _state(paid: int, returned: int) -> str:
    """Payment state of an order whose payment is recorded."""
    return "refunded" if 0 < paid <= returned else "paid"


def _found_by(row: SearchableOrder, text: str) -> Changes:
    """The words of a later event before those of the order, which may be cut."""
    words = whole_words(text)
    return {"search_text": f"{' '.join(words)} {row.search_text}"} if words else {}


def _words(event: OrderPlaced) -> str:
    to = event.shipping_address
    address = (to.name, to.line1, to.line2, to.city, to.region, to.postal_code, to.phone)
    texts = " ".join(filter(None, (event.order_id, *address, *(line.sku for line in event.items))))
    payment = event.payment_method or ""
    ids = [event.customer_id, payment] if payment.startswith(_MADE_AT_CHECKOUT) else [event.customer_id]
    return search_text([*whole_words(" ".join(ids)), *words_and_parts(texts)])


def _placed(event: OrderPlaced, position: int) -> Changes:
    return {
        "customer_id": event.customer_id,
        "customer_name": event.shipping_address.name,
        "country": event.shipping_address.country,
        "status": "placed",
        "currency": event.currency,
        "total": event.total,
        "units": units(event),
        "metadata": event.metadata,
        "placed_at": event.placed_at,
        "placed_position": position,
        "search_text": _words(event),
    }


ORDER_DASHBOARD: Final = Projection(
    name="order-dashboard",
    table="order_dashboard",
    row=SearchableOrder,
    key_columns=("order_id",),
    events=EVENTS,
    keys=lambda event, _: ((event.order_id,),),
    changes=changes,
)
