"""The order dashboard: given the events of an order, then this row."""

from dataclasses import replace

from orders.events import Event, OrderPlaced
from projections.fold import Parked
from projections.order_dashboard import ORDER_DASHBOARD, SearchableOrder
from tests.unit.orders.samples import (
    CONFIRMED,
    DEADLINE,
    FAILED,
    GIVEN,
    HELD,
    NOTED,
    NOW,
    PAID,
    PLACED,
    REFUND_REQUESTED,
    REFUNDED,
    RETURNED,
    SHIPPED,
    an_order,
    cancelled,
    line,
    released,
    retried,
    tagged,
    untagged,
)
from tests.unit.projection_samples import at, folded, log_of

PLACED_ROW = SearchableOrder(
    order_id="o-1",
    customer_id="ada",
    customer_name="Ada",
    country="GB",
    status="placed",
    currency="EUR",
    total=1300,
    units=2,
    placed_at=NOW,
    updated_at=at(1),
    placed_position=1,
    position=1,
    search_text="ada o-1 1 mill road cambridge cb1 2ab tea",
)


def row_after(*events: Event) -> SearchableOrder:
    result = folded(ORDER_DASHBOARD, log_of(*events))
    assert result.parked == []
    [row] = result.rows
    return row


def test_given_a_placed_order_then_its_row_has_the_orders_own_time() -> None:
    assert row_after(PLACED) == PLACED_ROW


def test_given_a_confirmed_order_then_nothing_is_paid_yet() -> None:
    assert row_after(PLACED, CONFIRMED) == replace(
        PLACED_ROW, status="confirmed", confirmed_at=at(2), updated_at=at(2), position=2
    )


def test_given_an_order_paid_and_shipped_then_the_parcel_can_be_followed() -> None:
    assert row_after(PLACED, CONFIRMED, PAID, SHIPPED) == replace(
        PLACED_ROW,
        status="shipped",
        payment_state="paid",
        amount_paid=1300,
        tracking_number="TRACK-1",
        carrier="post",
        confirmed_at=at(2),
        paid_at=at(3),
        shipped_at=at(4),
        updated_at=at(4),
        position=4,
        search_text=f"track-1 pay-1 {PLACED_ROW.search_text}",
    )


def test_given_a_paid_order_cancelled_then_the_refund_is_seen_to_be_under_way_and_later_done() -> None:
    under_way = row_after(PLACED, CONFIRMED, PAID, cancelled(1300))
    assert (under_way.status, under_way.payment_state, under_way.amount_refunded) == ("cancelled", "paid", 0)
    assert (under_way.reason, under_way.cancelled_by) == ("changed my mind", "customer")
    assert under_way.cancelled_at == at(4)

    done = row_after(PLACED, CONFIRMED, PAID, cancelled(1300), REFUNDED)
    assert (done.status, done.payment_state, done.amount_refunded) == ("cancelled", "refunded", 1300)
    assert (done.cancelled_at, done.refunded_at) == (at(4), at(5))


def test_given_a_held_order_then_its_row_says_why_until_it_is_released_or_cancelled() -> None:
    held = row_after(PLACED, CONFIRMED, HELD)
    assert (held.status, held.hold_reason, held.updated_at) == ("confirmed", "fraud suspected", at(3))
    assert row_after(PLACED, CONFIRMED, HELD, PAID).hold_reason == "fraud suspected"
    assert row_after(PLACED, CONFIRMED, HELD, released("confirmed")).hold_reason is None
    assert row_after(PLACED, CONFIRMED, HELD, cancelled()).hold_reason is None


def test_given_a_declined_order_that_waits_then_its_row_has_the_reason_and_the_deadline_until_it_goes_on() -> None:
    waiting = row_after(PLACED, CONFIRMED, FAILED)
    assert (waiting.status, waiting.payment_state) == ("confirmed", "none")
    assert (waiting.payment_failure, waiting.waits_until) == ("The card was declined.", DEADLINE)
    for following in (GIVEN, PAID, cancelled(), retried("confirmed")):
        row = row_after(PLACED, CONFIRMED, FAILED, following)
        assert (row.payment_failure, row.waits_until) == (None, None), following


def test_given_a_retry_then_only_its_time_is_seen() -> None:
    assert row_after(PLACED, retried("placed")) == replace(PLACED_ROW, updated_at=at(2), position=2)


def test_given_refunds_after_shipment_then_the_order_is_refunded_once_all_of_it_went_back() -> None:
    shipped = (PLACED, CONFIRMED, PAID, SHIPPED)
    asked = row_after(*shipped, REFUND_REQUESTED)
    assert (asked.payment_state, asked.amount_refunded, asked.refunded_at) == ("paid", 0, None)
    part = row_after(*shipped, RETURNED.model_copy(update={"amount": 300}))
    assert (part.status, part.payment_state, part.amount_refunded) == ("shipped", "paid", 300)
    whole = row_after(
        *shipped, RETURNED.model_copy(update={"amount": 300}), RETURNED.model_copy(update={"amount": 1000})
    )
    assert (whole.payment_state, whole.amount_refunded, whole.refunded_at) == ("refunded", 1300, at(6))


def test_given_several_lines_of_a_sku_then_their_units_add_up() -> None:
    order = an_order(items=[line(), line(quantity=3)], total=2800)
    assert row_after(type(PLACED).of(order)).units == 5


def test_given_an_event_of_an_order_never_placed_then_it_is_parked_and_makes_no_row() -> None:
    result = folded(ORDER_DASHBOARD, log_of(CONFIRMED))
    assert result.rows == []
    assert result.parked == [
        Parked(1, "OrderMissing: order.confirmed of order 'o-1', whose order.placed is not in this projection")
    ]


def test_given_an_order_with_metadata_then_its_row_has_it_and_a_note_changes_nothing_but_its_place() -> None:
    placed = OrderPlaced.of(an_order(metadata={"channel": "web"}))
    assert row_after(placed, NOTED) == replace(PLACED_ROW, metadata={"channel": "web"}, updated_at=at(2), position=2)


def test_given_tags_added_and_removed_then_the_row_has_those_that_are_left_each_once() -> None:
    assert row_after(PLACED, tagged("vip"), tagged("gift"), tagged("vip")).tags == ["gift", "vip"]
    assert row_after(PLACED, tagged("vip"), tagged("gift"), untagged("vip"), untagged("vip")).tags == ["gift"]
