"""Changes of a payment at the provider, as given when then: recorded once, held before the shipment, counted as returned."""

from dataclasses import replace

import pytest

from orders.adjustments import AdjustmentAction
from orders.commands import RecordAdjustment
from orders.decide import decide
from orders.errors import IllegalTransition, OrderOnHold, PaymentDisputed, RefundOutOfRange
from orders.events import Event, OrderHeld
from orders.evolve import fold
from orders.money import Money
from orders.state import Cancelled, Paid, Shipped
from tests.unit.orders.samples import (
    CANCEL,
    CONFIRMED,
    HELD,
    PAID,
    PAY,
    PLACED,
    REFUND,
    REFUND_REQUESTED,
    REFUNDED,
    RELEASE,
    REQUEST_REFUND,
    SHIP,
    SHIPPED,
    adjust,
    adjusted,
    cancelled,
    released,
)
from tests.unit.orders.specification import given

TO_PAID: tuple[Event, ...] = (PLACED, CONFIRMED, PAID)
TO_SHIPPED = (*TO_PAID, SHIPPED)
REMEDY = ": release the order to ship it as it is, or cancel it"


def held(reason: str) -> OrderHeld:
    return HELD.model_copy(update={"reason": reason + REMEDY})


BY_HAND = adjusted("refunded", status="paid")
HELD_BY_HAND = held("3.00 EUR was refunded at the provider as re-1")

MONEY: list[tuple[AdjustmentAction, int, int, str]] = [
    ("refunded", 300, 300, "3.00 EUR was refunded at the provider as re-1"),
    ("captured", 700, 600, "only 7.00 EUR of re-1 was captured at the provider"),
    ("released", 1300, 1300, "the authorisation re-1 of 13.00 EUR was released at the provider"),
    ("disputed", 1300, 0, "the customer disputes 13.00 EUR as re-1"),
    ("dispute_lost", 1300, 1300, "the dispute re-1 of 13.00 EUR was lost"),
]


@pytest.mark.parametrize(("action", "amount", "returned", "words"), MONEY)
def test_an_adjustment_of_a_paid_order_is_recorded_once_and_holds_the_order(
    action: AdjustmentAction, amount: int, returned: int, words: str
) -> None:
    event = adjusted(action, amount, returned=returned, status="paid")
    given(*TO_PAID).when(adjust(action, amount)).then(event, held(words))
    given(*TO_PAID, event, held(words)).when(adjust(action, amount)).then_nothing()
    given(*TO_PAID, event, held(words)).when(SHIP).refuses(OrderOnHold)
    given(*TO_PAID, HELD).when(adjust(action, amount)).then(event)


def test_an_order_that_a_person_released_after_an_adjustment_ships_and_is_not_held_again() -> None:
    history = (*TO_PAID, BY_HAND, HELD_BY_HAND)
    given(*history).when(RELEASE).then(released("paid"))
    given(*history, released("paid")).when(adjust("refunded")).then_nothing()
    given(*history, released("paid")).when(SHIP).then(SHIPPED)
    state = fold([*history, released("paid"), SHIPPED])
    assert isinstance(state, Shipped)
    assert (state.captured, state.refundable, state.payment_state) == (1300, 1000, "paid")


def test_a_charge_that_is_not_recorded_yet_is_adjusted_and_held_too() -> None:
    event = adjusted("refunded", status="confirmed")
    given(PLACED, CONFIRMED).when(adjust("refunded")).then(event, HELD_BY_HAND)
    given(PLACED, CONFIRMED, event, HELD_BY_HAND).when(PAY).then(PAID)
    state = fold([PLACED, CONFIRMED, event, HELD_BY_HAND, PAID])
    assert isinstance(state, Paid)
    assert len(state.adjustments) == 1


def test_an_order_without_a_charge_has_no_adjustment() -> None:
    given(PLACED).when(adjust("refunded")).refuses(IllegalTransition)
    given(*TO_PAID).when(replace(adjust("refunded"), payment_id="pay-2")).refuses(IllegalTransition)


def test_an_adjustment_of_a_shipped_order_holds_nothing() -> None:
    given(*TO_SHIPPED).when(adjust("refunded")).then(adjusted("refunded", status="shipped"))


@pytest.mark.parametrize(
    ("action", "amount", "captured", "refundable", "state"),
    [
        ("refunded", 300, 1300, 1000, "paid"),
        ("refunded", 1300, 1300, 0, "refunded"),
        ("captured", 700, 700, 700, "paid"),
        ("released", 1300, 0, 0, "refunded"),
        ("disputed", 1300, 1300, 1300, "paid"),
        ("dispute_lost", 1300, 1300, 0, "refunded"),
    ],
)
def test_money_that_adjustments_returned_cannot_be_refunded_again(
    action: AdjustmentAction, amount: int, captured: int, refundable: int, state: str
) -> None:
    history = decide(adjust(action, amount), fold(TO_SHIPPED))
    shipped = fold([*TO_SHIPPED, *history])
    assert isinstance(shipped, Shipped)
    assert (shipped.captured, shipped.refundable, shipped.payment_state) == (captured, refundable, state)
    if refundable < 1300 and not action.startswith("dispute"):
        refusal = given(*TO_SHIPPED, *history).when(REQUEST_REFUND).refuses(RefundOutOfRange)
        assert refusal.limit == Money(refundable, "EUR")


@pytest.mark.parametrize("action", ["disputed", "dispute_lost"])
def test_a_dispute_that_is_open_or_lost_refuses_refunds_by_its_name(action: AdjustmentAction) -> None:
    disputed = adjusted(action, 1300, reference="dp-1", returned=0, status="shipped")
    assert given(*TO_SHIPPED, disputed).when(REQUEST_REFUND).refuses(PaymentDisputed).dispute == "dp-1"
    given(*TO_SHIPPED, REFUND_REQUESTED, disputed).when(REQUEST_REFUND).then_nothing()


def test_a_dispute_that_was_won_allows_refunds_again() -> None:
    opened = adjusted("disputed", 1300, reference="dp-1", returned=0, status="shipped")
    won = adjusted("dispute_won", 1300, reference="dp-1", returned=0, status="shipped")
    given(*TO_SHIPPED, opened).when(adjust("dispute_won", 1300, "dp-1")).then(won)
    given(*TO_SHIPPED, opened, won).when(REQUEST_REFUND).then(REFUND_REQUESTED)
    given(*TO_PAID).when(adjust("dispute_won", 1300, "dp-1")).then(won.model_copy(update={"status": "paid"}))


def test_a_lost_dispute_that_is_won_after_all_brings_the_money_back() -> None:
    lost = adjusted("dispute_lost", 1300, reference="dp-1", status="shipped")
    won = adjusted("dispute_won", 1300, reference="dp-1", returned=-1300, status="shipped")
    given(*TO_SHIPPED, lost).when(adjust("dispute_won", 1300, "dp-1")).then(won)
    assert fold([*TO_SHIPPED, lost, won]).payment_state == "paid"


def test_the_refund_of_a_cancelled_order_counts_money_by_hand_once() -> None:
    cancelling = (*TO_PAID, BY_HAND, HELD_BY_HAND)
    given(*cancelling).when(CANCEL).then(cancelled(1300, 300))
    history = (*cancelling, cancelled(1300, 300))
    rest = REFUNDED.model_copy(update={"amount": 1000})
    given(*history).when(REFUND).then(rest)  # the gateway's amount includes the refund by hand
    given(*history, rest).when(REFUND).then_nothing()
    state = fold([*history, rest])
    assert isinstance(state, Cancelled)
    assert state.payment_state == "refunded"


def test_a_released_authorisation_is_not_returned_twice_when_the_order_is_cancelled() -> None:
    let_go = adjusted("released", 1300, reference="pay-1", status="paid")
    history = (*TO_PAID, let_go, cancelled(1300, 1300))
    given(*history).when(REFUND).then(REFUNDED.model_copy(update={"amount": 0}))


@pytest.mark.parametrize("action", ["refunded", "released"])
def test_money_returned_after_a_cancellation_is_part_of_its_refund(action: AdjustmentAction) -> None:
    given(*TO_PAID, cancelled(1300)).when(adjust(action)).then_nothing()


@pytest.mark.parametrize(("command", "returned"), [(adjust("disputed"), 0), (adjust("dispute_lost"), 300)])
def test_a_dispute_of_a_cancelled_order_is_recorded(command: RecordAdjustment, returned: int) -> None:
    event = adjusted(command.action, returned=returned, status="cancelled")
    given(*TO_PAID, cancelled(1300)).when(command).then(event)
