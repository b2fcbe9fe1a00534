"""Each rule of an order's transitions, as given when then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orders.commands import Command, PlaceOrder
from orders.errors import (
    IllegalTransition,
    InvalidCommand,
    OrderAlreadyExists,
    OrderAlreadyRefunded,
    OrderNotCancellable,
    OrderNotFound,
    PaymentMismatch,
    RefundOutOfRange,
    WrongOrder,
)
from orders.events import CancelledBy, Shortage
from orders.money import Money
from tests.unit.orders.samples import (
    CANCEL,
    CONFIRM,
    CONFIRMED,
    HOLD,
    NOW,
    ORDER,
    PAID,
    PAY,
    PLACE,
    PLACED,
    REFUND,
    REFUNDED,
    RELEASE,
    REQUEST_REFUND,
    RETRY,
    SHIP,
    SHIPPED,
    address,
    an_order,
    cancelled,
)
from tests.unit.orders.specification import given


def test_an_order_walks_from_placed_to_shipped() -> None:
    given().when(PLACE).then(PLACED)
    given(PLACED).when(CONFIRM).then(CONFIRMED)
    given(PLACED, CONFIRMED).when(PAY).then(PAID)
    given(PLACED, CONFIRMED, PAID).when(SHIP).then(SHIPPED)


@pytest.mark.parametrize(
    "command",
    [CONFIRM, PAY, SHIP, CANCEL, REFUND, HOLD, RELEASE, RETRY, REQUEST_REFUND],
    ids=lambda c: type(c).__name__,
)
def test_nothing_but_placing_is_possible_before_an_order_exists(command: Command) -> None:
    assert given().when(command).refuses(OrderNotFound).order_id == "o-1"


def test_placing_the_same_content_again_changes_nothing_even_at_another_time() -> None:
    later = ORDER.model_copy(update={"placed_at": NOW + timedelta(hours=1)})
    given(PLACED).when(PlaceOrder(later)).then_nothing()
    given(PLACED, cancelled()).when(PLACE).then_nothing()
    given(PLACED, CONFIRMED, PAID, SHIPPED).when(PLACE).then_nothing()


def test_placing_other_content_under_the_same_id_names_what_differs() -> None:
    other = an_order(customerId="bob", shippingAddress=address(city="Oxford"), paymentMethod="pm_1")
    refusal = given(PLACED).when(PlaceOrder(other)).refuses(OrderAlreadyExists)
    assert refusal.differing == ("customerId", "shippingAddress", "paymentMethod")


def test_confirming_a_confirmed_paid_or_shipped_order_changes_nothing() -> None:
    given(PLACED, CONFIRMED).when(CONFIRM).then_nothing()
    given(PLACED, CONFIRMED, PAID).when(CONFIRM).then_nothing()
    given(PLACED, CONFIRMED, PAID, SHIPPED).when(CONFIRM).then_nothing()


def test_confirming_a_cancelled_order_is_refused() -> None:
    refusal = given(PLACED, cancelled()).when(CONFIRM).refuses(IllegalTransition)
    assert (refusal.order_id, refusal.command, refusal.status) == ("o-1", "ConfirmOrder", "cancelled")


def test_the_same_payment_recorded_again_changes_nothing() -> None:
    given(PLACED, CONFIRMED, PAID).when(PAY).then_nothing()
    given(PLACED, CONFIRMED, PAID, SHIPPED).when(PAY).then_nothing()
    given(PLACED, CONFIRMED, PAID, cancelled(1300)).when(PAY).then_nothing()


def test_a_second_payment_is_refused() -> None:
    given(PLACED, CONFIRMED, PAID).when(replace(PAY, payment_id="pay-2")).refuses(IllegalTransition)


def test_a_payment_is_refused_before_confirmation_and_after_cancellation() -> None:
    given(PLACED).when(PAY).refuses(IllegalTransition)
    given(PLACED, CONFIRMED, cancelled()).when(PAY).refuses(IllegalTransition)


@pytest.mark.parametrize("facts", [{"amount": 1299}, {"amount": 1301}, {"currency": "USD"}], ids=str)
def test_a_payment_of_another_amount_or_currency_is_refused(facts: dict[str, object]) -> None:
    payment = replace(PAY, **facts)  # type: ignore[arg-type]
    refusal = given(PLACED, CONFIRMED).when(payment).refuses(PaymentMismatch)
    assert refusal.expected == Money(1300, "EUR")
    assert refusal.actual == Money(payment.amount, payment.currency)
    given(PLACED, CONFIRMED, PAID).when(payment).refuses(PaymentMismatch)


def test_the_same_shipment_recorded_again_changes_nothing() -> None:
    given(PLACED, CONFIRMED, PAID, SHIPPED).when(SHIP).then_nothing()


@pytest.mark.parametrize("facts", [{"shipment_id": "ship-2"}, {"tracking_number": "T-2"}], ids=str)
def test_another_shipment_of_a_shipped_order_is_refused(facts: dict[str, str]) -> None:
    given(PLACED, CONFIRMED, PAID, SHIPPED).when(replace(SHIP, **facts)).refuses(IllegalTransition)


def test_only_a_paid_order_ships() -> None:
    given(PLACED).when(SHIP).refuses(IllegalTransition)
    given(PLACED, CONFIRMED).when(SHIP).refuses(IllegalTransition)
    given(PLACED, CONFIRMED, PAID, cancelled(1300)).when(SHIP).refuses(IllegalTransition)


def test_cancelling_says_how_much_had_been_recorded_as_paid() -> None:
    given(PLACED).when(CANCEL).then(cancelled(0))
    given(PLACED, CONFIRMED).when(CANCEL).then(cancelled(0))
    given(PLACED, CONFIRMED, PAID).when(CANCEL).then(cancelled(1300))


def test_cancelling_for_want_of_stock_says_which_skus_are_short() -> None:
    shortages = (Shortage(sku="TEA", requested=2, available=1),)
    command = replace(CANCEL, cancelled_by=CancelledBy.VALIDATION, shortages=shortages)
    recorded = cancelled().model_copy(
        update={"cancelled_by": CancelledBy.VALIDATION, "shortages": shortages},
    )
    given(PLACED).when(command).then(recorded)


def test_cancelling_a_cancelled_order_changes_nothing_whoever_asks() -> None:
    again = replace(CANCEL, reason="no reply", cancelled_by=CancelledBy.OPERATOR)
    given(PLACED, cancelled()).when(again).then_nothing()
    given(PLACED, CONFIRMED, PAID, cancelled(1300), REFUNDED).when(again).then_nothing()


def test_a_shipped_order_cannot_be_cancelled() -> None:
    refusal = given(PLACED, CONFIRMED, PAID, SHIPPED).when(CANCEL).refuses(OrderNotCancellable)
    assert (refusal.order_id, refusal.status) == ("o-1", "shipped")


def test_a_cancelled_order_is_refunded_once_also_for_a_charge_that_was_never_recorded() -> None:
    given(PLACED, CONFIRMED, PAID, cancelled(1300)).when(REFUND).then(REFUNDED)
    given(PLACED, CONFIRMED, cancelled()).when(REFUND).then(REFUNDED)
    given(PLACED, CONFIRMED, cancelled(), REFUNDED).when(REFUND).then_nothing()


@pytest.mark.parametrize("facts", [{"refund_id": "ref-2"}, {"amount": 1}, {"payment_id": "pay-2"}], ids=str)
def test_a_second_refund_with_other_facts_is_refused(facts: dict[str, object]) -> None:
    second = replace(REFUND, **facts)  # type: ignore[arg-type]
    refusal = given(PLACED, cancelled(), REFUNDED).when(second).refuses(OrderAlreadyRefunded)
    assert refusal.recorded_refund_id == "ref-1"


@pytest.mark.parametrize("amount", [-1, 1301])
def test_a_refund_outside_the_total_is_refused(amount: int) -> None:
    refusal = given(PLACED, cancelled()).when(replace(REFUND, amount=amount)).refuses(RefundOutOfRange)
    assert (refusal.amount, refusal.limit) == (Money(amount, "EUR"), Money(1300, "EUR"))


def test_a_refund_of_another_payment_than_the_recorded_one_is_refused() -> None:
    elsewhere = replace(REFUND, payment_id="pay-2")
    given(PLACED, CONFIRMED, PAID, cancelled(1300)).when(elsewhere).refuses(IllegalTransition)


def test_an_order_that_is_not_cancelled_is_not_refunded() -> None:
    given(PLACED).when(REFUND).refuses(IllegalTransition)
    given(PLACED, CONFIRMED, PAID).when(REFUND).refuses(IllegalTransition)
    given(PLACED, CONFIRMED, PAID, SHIPPED).when(REFUND).refuses(IllegalTransition)


def test_a_command_is_never_decided_on_another_order() -> None:
    refusal = given(PLACED).when(replace(CONFIRM, order_id="o-2")).refuses(WrongOrder)
    assert (refusal.order_id, refusal.loaded_order_id) == ("o-2", "o-1")


@pytest.mark.parametrize("reason", ["", " ", "a\x00b", "\ud800", "x" * 513], ids=ascii)
def test_a_reason_that_cannot_be_recorded_is_refused_with_its_path(reason: str) -> None:
    refusal = given(PLACED).when(replace(CANCEL, reason=reason)).refuses(InvalidCommand)
    assert [fault.path for fault in refusal.faults] == ["reason"]


def test_true_is_no_amount_of_money() -> None:
    cheap = an_order(items=[{"sku": "A", "name": "A", "quantity": 1, "unitPrice": 1}], adjustments={}, total=1)
    placed = PLACED.of(cheap)
    confirmed = CONFIRMED.model_copy(update={"total": 1})
    given(placed, confirmed).when(replace(PAY, amount=True)).refuses(InvalidCommand)
