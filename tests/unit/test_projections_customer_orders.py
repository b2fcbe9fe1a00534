"""Customer orders: given the events of a customer's orders, then these counts and this spend."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orders.events import Event, OrderPlaced
from projections.customer_orders import CUSTOMER_ORDERS, CustomerRow
from tests.unit.orders.samples import (
    CONFIRMED,
    NOW,
    PAID,
    PLACED,
    REFUND_REQUESTED,
    REFUNDED,
    RETURNED,
    SHIPPED,
    an_order,
    cancelled,
)
from tests.unit.projection_samples import folded, log_of

ONE_ORDER = CustomerRow("ada", "EUR", order_count=1, first_order_at=NOW, last_order_at=NOW, position=1)


def rows_after(*events: Event) -> list[CustomerRow]:
    result = folded(CUSTOMER_ORDERS, log_of(*events))
    assert result.parked == []
    return result.rows


def test_given_a_placed_order_then_it_counts_and_nothing_is_spent() -> None:
    assert rows_after(PLACED) == [ONE_ORDER]


def test_given_a_paid_order_then_its_amount_is_spent() -> None:
    assert rows_after(PLACED, CONFIRMED, PAID) == [replace(ONE_ORDER, total_spend=1300, position=3)]


def test_given_a_shipped_order_then_its_amount_is_spent_once() -> None:
    assert rows_after(PLACED, CONFIRMED, PAID, SHIPPED) == [
        replace(ONE_ORDER, total_spend=1300, shipped_count=1, position=4)
    ]


def test_given_an_order_cancelled_before_payment_then_nothing_is_reversed() -> None:
    assert rows_after(PLACED, cancelled(0)) == [replace(ONE_ORDER, cancelled_count=1, position=2)]


def test_given_a_paid_order_cancelled_and_refunded_then_its_amount_is_reversed_once() -> None:
    assert rows_after(PLACED, CONFIRMED, PAID, cancelled(1300), REFUNDED) == [
        replace(ONE_ORDER, cancelled_count=1, position=5)
    ]


def test_given_a_shipped_order_refunded_then_what_went_back_is_no_longer_spent() -> None:
    shipped = (PLACED, CONFIRMED, PAID, SHIPPED, REFUND_REQUESTED)
    assert rows_after(*shipped) == [replace(ONE_ORDER, total_spend=1300, shipped_count=1, position=4)]
    part = RETURNED.model_copy(update={"amount": 300})
    assert rows_after(*shipped, part) == [replace(ONE_ORDER, total_spend=1000, shipped_count=1, position=6)]
    assert rows_after(*shipped, RETURNED) == [replace(ONE_ORDER, shipped_count=1, position=6)]


def test_given_orders_in_two_currencies_then_each_has_a_row_of_its_own() -> None:
    dollars = OrderPlaced.of(an_order(orderId="o-2", currency="USD"))
    assert [(row.currency, row.order_count) for row in rows_after(PLACED, dollars)] == [("EUR", 1), ("USD", 1)]


def test_given_an_older_order_that_came_in_late_then_first_and_last_go_by_the_orders_own_times() -> None:
    earlier = NOW - timedelta(days=3)
    older = OrderPlaced.of(an_order(orderId="o-2", placedAt=earlier.isoformat()))
    [row] = rows_after(PLACED, older)
    assert (row.first_order_at, row.last_order_at) == (earlier, NOW)


def test_a_projection_whose_key_is_not_first_in_its_row_is_refused() -> None:
    with pytest.raises(ValueError, match="the first fields of CustomerRow"):
        replace(CUSTOMER_ORDERS, key_columns=("currency", "customer_id"))
