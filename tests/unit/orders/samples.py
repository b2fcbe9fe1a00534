"""A generic order and its events."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from orders.adjustments import AdjustmentAction, PaymentAdjusted
from orders.commands import (
    CancelOrder,
    ConfirmOrder,
    PlaceOrder,
    RecordAdjustment,
    RecordPayment,
    RecordRefund,
    RecordShipment,
)
from orders.errors import InvalidOrder
from orders.events import (
    CancelledBy,
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
from orders.interventions import HoldOrder, NoteOrder, ReleaseOrder, RequestRefund, RetryOrder, TagOrder, UntagOrder
from orders.model import Order, parse_order
from orders.payment_attempts import GivePaymentMethod, RecordPaymentFailure
from orders.payment_events import PaymentFailed, PaymentMethodGiven, PaymentPending, RefundClosed, RefundOutcome
from orders.records import PaymentFailure

NOW: Final = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def line(**changes: object) -> dict[str, object]:
    return {"sku": "TEA", "name": "Tea", "quantity": 2, "unitPrice": 500} | changes


def address(**changes: object) -> dict[str, object]:
    required = {"name": "Ada", "line1": "1 Mill Road", "city": "Cambridge", "country": "GB"}
    return required | {"postalCode": "CB1 2AB"} | changes


def entry(**changes: object) -> dict[str, Any]:
    """An order as decoded JSON: two teas at 5.00 and 3.00 of shipping."""
    content: dict[str, Any] = {
        "orderId": "o-1",
        "customerId": "ada",
        "currency": "EUR",
        "items": [line()],
        "adjustments": {"shipping": 300},
        "total": 1300,
        "shippingAddress": address(),
    }
    return content | changes


def an_order(**changes: object) -> Order:
    return parse_order(entry(**changes), now=NOW)


ORDER: Final = an_order()
_WHOSE: Final[dict[str, Any]] = {"order_id": "o-1", "customer_id": "ada"}

PLACE: Final = PlaceOrder(ORDER)
CONFIRM: Final = ConfirmOrder("o-1")
PAY: Final = RecordPayment("o-1", "pay-1", 1300, "EUR")
SHIP: Final = RecordShipment("o-1", "ship-1", "TRACK-1", "post")
CANCEL: Final = CancelOrder("o-1", "changed my mind", CancelledBy.CUSTOMER)
REFUND: Final = RecordRefund("o-1", "ref-1", "pay-1", 1300, "order cancelled")
HOLD: Final = HoldOrder("o-1", "fraud suspected")
RELEASE: Final = ReleaseOrder("o-1")
RETRY: Final = RetryOrder("o-1", "terminated by mistake")
NOTE: Final = NoteOrder("o-1", "the customer called")
TAG: Final = TagOrder("o-1", ("vip",))
UNTAG: Final = UntagOrder("o-1", ("vip",))
REQUEST_REFUND: Final = RequestRefund("o-1", "back-1", 1300, "it arrived late")
DEADLINE: Final = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
FAIL: Final = RecordPaymentFailure(
    "o-1", PaymentFailure(1, "card_declined", "The card was declined.", DEADLINE, "pi-1")
)
GIVE: Final = GivePaymentMethod("o-1", "pm_2")
RECORD_RETURN: Final = RecordRefund("o-1", "back-1", "pay-1", 1300, "it arrived late")

PLACED: Final = OrderPlaced.of(ORDER)
CONFIRMED: Final = OrderConfirmed(**_WHOSE, currency="EUR", total=1300)
PAID: Final = OrderPaid(**_WHOSE, payment_id="pay-1", amount=1300, currency="EUR")
SHIPPED: Final = OrderShipped(
    **_WHOSE, shipment_id="ship-1", tracking_number="TRACK-1", carrier="post", amount=1300, currency="EUR"
)
REFUNDED: Final = OrderRefunded(
    **_WHOSE, refund_id="ref-1", payment_id="pay-1", amount=1300, currency="EUR", reason="order cancelled"
)
HELD: Final = OrderHeld(**_WHOSE, reason="fraud suspected", currency="EUR")
_RETURN: Final[dict[str, Any]] = {
    "refund_id": "back-1",
    "payment_id": "pay-1",
    "amount": 1300,
    "currency": "EUR",
    "reason": "it arrived late",
}
PENDING: Final = PaymentPending(
    **_WHOSE, payment_id="pay-1", amount=1300, currency="EUR", until=datetime(2026, 2, 20, tzinfo=UTC)
)
REFUND_REQUESTED: Final = RefundRequested(**_WHOSE, **_RETURN)
CLOSED: Final = RefundClosed(
    **_WHOSE,
    refund_id="back-1",
    outcome=RefundOutcome.REFUSED,
    amount=1300,
    currency="EUR",
    reason="the payment is disputed",
    after_shipment=True,
)
FAILED: Final = PaymentFailed(
    **_WHOSE,
    attempt=1,
    code="card_declined",
    reason="The card was declined.",
    waits_until=DEADLINE,
    payment_id="pi-1",
    currency="EUR",
)
GIVEN: Final = PaymentMethodGiven(**_WHOSE, payment_method="pm_2", currency="EUR")
NOTED: Final = OrderNoted(**_WHOSE, text="the customer called", currency="EUR")
RETURNED: Final = OrderRefunded(**_WHOSE, **_RETURN, after_shipment=True)


def adjust(action: AdjustmentAction, amount: int = 300, reference: str = "re-1") -> RecordAdjustment:
    return RecordAdjustment("o-1", action, reference, "pay-1", amount)


def adjusted(
    action: AdjustmentAction, amount: int = 300, *, returned: int | None = None, reference: str = "re-1", status: str
) -> PaymentAdjusted:
    """Adjustment of the payment; by default a refund by hand, which returns its amount."""
    return PaymentAdjusted(
        **_WHOSE,
        action=action,
        reference=reference,
        payment_id="pay-1",
        amount=amount,
        returned=amount if returned is None else returned,
        currency="EUR",
        status=status,
    )


def tagged(tag: str = "vip") -> OrderTagged:
    return OrderTagged(**_WHOSE, tag=tag, currency="EUR")


def untagged(tag: str = "vip") -> OrderUntagged:
    return OrderUntagged(**_WHOSE, tag=tag, currency="EUR")


def released(status: str) -> OrderReleased:
    return OrderReleased(**_WHOSE, status=status, currency="EUR")


def retried(status: str) -> OrderRetried:
    return OrderRetried(**_WHOSE, status=status, reason="terminated by mistake", currency="EUR")


def cancelled(amount_paid: int = 0, amount_returned: int = 0) -> OrderCancelled:
    return OrderCancelled(
        **_WHOSE,
        reason="changed my mind",
        cancelled_by=CancelledBy.CUSTOMER,
        currency="EUR",
        amount_paid=amount_paid,
        amount_returned=amount_returned,
    )


ON_THE_WIRE: Final[tuple[tuple[Event, str], ...]] = (
    (
        PLACED,
        "order.placed: orderId customerId currency items adjustments total shippingAddress paymentMethod metadata placedAt",
    ),
    (CONFIRMED, "order.confirmed: orderId customerId currency total"),
    (PAID, "order.paid: orderId customerId paymentId amount currency"),
    (SHIPPED, "order.shipped: orderId customerId shipmentId trackingNumber carrier amount currency"),
    (
        cancelled(1300),
        "order.cancelled: orderId customerId reason cancelledBy currency amountPaid amountReturned shortages paidAtCheckout",
    ),
    (REFUNDED, "order.refunded: orderId customerId refundId paymentId amount currency reason afterShipment"),
    (HELD, "order.held: orderId customerId reason currency"),
    (released("paid"), "order.released: orderId customerId status currency"),
    (retried("paid"), "order.retried: orderId customerId status reason currency carrier service"),
    (REFUND_REQUESTED, "order.refund_requested: orderId customerId refundId paymentId amount currency reason"),
    (PENDING, "order.payment_pending: orderId customerId paymentId amount currency until"),
    (CLOSED, "order.refund_closed: orderId customerId refundId outcome amount currency reason afterShipment made"),
    (FAILED, "order.payment_failed: orderId customerId attempt code reason waitsUntil paymentId currency"),
    (GIVEN, "order.payment_method_given: orderId customerId paymentMethod currency"),
    (
        adjusted("refunded", status="paid"),
        "order.payment_adjusted: orderId customerId action reference paymentId amount returned currency status reason",
    ),
    (NOTED, "order.noted: orderId customerId text currency"),
    (tagged(), "order.tagged: orderId customerId tag currency"),
    (untagged(), "order.untagged: orderId customerId tag currency"),
)
"""Each event, with its type and its fields in JSON."""

BIGINT = 2**63 - 1


def faults_in(data: object) -> dict[str, str]:
    with pytest.raises(InvalidOrder) as refusal:
        parse_order(data, now=NOW)
    faults = refusal.value.faults
    paths = [fault.path for fault in faults]
    assert len(paths) == len(set(paths)), "one fault for each field"
    assert all(str(fault) in str(refusal.value) for fault in faults)
    str(refusal.value).encode()
    return {fault.path: fault.problem for fault in faults}
