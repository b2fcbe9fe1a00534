"""What the events add up to, and which of them cannot follow."""

import pytest

from orders.errors import CorruptStream
from orders.events import CancelledBy, Event
from orders.evolve import evolve, fold, initial_state
from orders.state import Cancelled, Confirmed, Paid, Payment, Placed, Refund, Shipment, Shipped
from tests.unit.orders.samples import (
    CONFIRMED,
    ORDER,
    PAID,
    PLACED,
    REFUNDED,
    SHIPPED,
    cancelled,
)

PAYMENT = Payment("pay-1", 1300)

HISTORIES: dict[str, tuple[Event, ...]] = {
    "not placed": (),
    "placed": (PLACED,),
    "confirmed": (PLACED, CONFIRMED),
    "paid": (PLACED, CONFIRMED, PAID),
    "shipped": (PLACED, CONFIRMED, PAID, SHIPPED),
    "cancelled": (PLACED, CONFIRMED, PAID, cancelled(1300)),
    "refunded": (PLACED, CONFIRMED, PAID, cancelled(1300), REFUNDED),
}
CAN_FOLLOW = {
    "not placed": {"order.placed"},
    "placed": {"order.confirmed", "order.cancelled"},
    "confirmed": {"order.paid", "order.cancelled"},
    "paid": {"order.shipped", "order.cancelled"},
    "shipped": set[str](),
    "cancelled": {"order.refunded"},
    "refunded": set[str](),
}
EVENTS: tuple[Event, ...] = (PLACED, CONFIRMED, PAID, SHIPPED, cancelled(), REFUNDED)


def test_each_event_moves_the_order_on() -> None:
    assert fold(HISTORIES["placed"]) == Placed(ORDER)
    assert fold(HISTORIES["confirmed"]) == Confirmed(ORDER)
    assert fold(HISTORIES["paid"]) == Paid(ORDER, PAYMENT)
    assert fold(HISTORIES["shipped"]) == Shipped(ORDER, PAYMENT, Shipment("ship-1", "TRACK-1", "post"))


def test_a_cancelled_order_remembers_how_far_it_had_come() -> None:
    state = fold(HISTORIES["refunded"])
    assert state == Cancelled(
        order=ORDER,
        reached="paid",
        reason="changed my mind",
        cancelled_by=CancelledBy.CUSTOMER,
        payment=PAYMENT,
        refund=Refund("ref-1", "pay-1", 1300, "order cancelled"),
    )


@pytest.mark.parametrize(
    ("history", "status", "payment_state"),
    [
        ("not placed", "not placed", "none"),
        ("placed", "placed", "none"),
        ("confirmed", "confirmed", "none"),
        ("paid", "paid", "paid"),
        ("shipped", "shipped", "paid"),
        ("cancelled", "cancelled", "paid"),
        ("refunded", "cancelled", "refunded"),
    ],
)
def test_every_state_says_where_the_order_and_its_money_stand(history: str, status: str, payment_state: str) -> None:
    state = fold(HISTORIES[history])
    assert (state.status, state.payment_state) == (status, payment_state)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_exactly_the_events_of_the_transition_table_can_follow(history: str, event: Event) -> None:
    state = fold(HISTORIES[history])
    if event.event_type in CAN_FOLLOW[history]:
        assert evolve(state, event) != state
        return
    with pytest.raises(CorruptStream) as corruption:
        evolve(state, event)
    assert corruption.value.order_id == "o-1"
    assert corruption.value.status == state.status
    assert corruption.value.event_type == event.event_type


@pytest.mark.parametrize("change", [{"order_id": "o-2"}, {"customer_id": "bob"}, {"currency": "USD"}], ids=str)
def test_an_event_of_another_order_customer_or_currency_cannot_follow(change: dict[str, str]) -> None:
    with pytest.raises(CorruptStream):
        evolve(Placed(ORDER), CONFIRMED.model_copy(update=change))


def test_amounts_that_the_order_never_cost_cannot_follow() -> None:
    with pytest.raises(CorruptStream):
        fold((PLACED, CONFIRMED, PAID.model_copy(update={"amount": 1})))
    with pytest.raises(CorruptStream):
        fold((PLACED, cancelled(), REFUNDED.model_copy(update={"amount": 1301})))


def test_a_stream_without_events_is_an_order_not_placed() -> None:
    assert fold(()) == initial_state()
