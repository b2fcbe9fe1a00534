"""The state after events, and events that cannot follow."""

from dataclasses import replace

import pytest

from orders.errors import CorruptStream
from orders.events import CancelledBy, Event
from orders.evolve import evolve, fold, initial_state
from orders.records import Hold, Payment, Refund, Shipment
from orders.state import Cancelled, Confirmed, Paid, Placed, Shipped
from tests.unit.orders.samples import (
    CONFIRMED,
    HELD,
    ORDER,
    PAID,
    PLACED,
    REFUND_REQUESTED,
    REFUNDED,
    RETURNED,
    SHIPPED,
    cancelled,
    released,
    retried,
)

PAYMENT = Payment("pay-1", 1300)

HISTORIES: dict[str, tuple[Event, ...]] = {
    "not placed": (),
    "placed": (PLACED,),
    "placed, held": (PLACED, HELD),
    "confirmed": (PLACED, CONFIRMED),
    "confirmed, held": (PLACED, CONFIRMED, HELD),
    "released": (PLACED, CONFIRMED, HELD, released("confirmed")),
    "paid": (PLACED, CONFIRMED, PAID),
    "paid, held": (PLACED, CONFIRMED, HELD, PAID),
    "shipped": (PLACED, CONFIRMED, PAID, SHIPPED),
    "shipped, refund asked for": (PLACED, CONFIRMED, PAID, SHIPPED, REFUND_REQUESTED),
    "shipped, refunded": (PLACED, CONFIRMED, PAID, SHIPPED, REFUND_REQUESTED, RETURNED),
    "cancelled": (PLACED, CONFIRMED, PAID, cancelled(1300)),
    "refunded": (PLACED, CONFIRMED, PAID, cancelled(1300), REFUNDED),
}
EVENTS: dict[str, Event] = {
    "placed": PLACED,
    "confirmed": CONFIRMED,
    "paid": PAID,
    "shipped": SHIPPED,
    "cancelled": cancelled(),
    "refunded": REFUNDED,
    "held": HELD,
    "released": released("paid"),
    "refund requested": REFUND_REQUESTED,
    "returned": RETURNED,
}
CAN_FOLLOW = {
    "not placed": {"placed"},
    "placed": {"confirmed", "cancelled", "held"},
    "placed, held": {"cancelled", "released"},
    "confirmed": {"paid", "cancelled", "held"},
    "confirmed, held": {"paid", "cancelled", "released"},
    "released": {"paid", "cancelled", "held"},
    "paid": {"shipped", "cancelled", "held"},
    "paid, held": {"cancelled", "released"},
    "shipped": {"refund requested"},
    "shipped, refund asked for": {"returned"},
    "shipped, refunded": set[str](),
    "cancelled": {"refunded", "returned"},
    "refunded": set[str](),
}


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
        ("shipped, refund asked for", "shipped", "paid"),
        ("shipped, refunded", "shipped", "refunded"),
        ("paid, held", "paid", "paid"),
    ],
)
def test_every_state_says_where_the_order_and_its_money_stand(history: str, status: str, payment_state: str) -> None:
    state = fold(HISTORIES[history])
    assert (state.status, state.payment_state) == (status, payment_state)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("name", EVENTS)
def test_exactly_the_events_of_the_transition_table_can_follow(history: str, name: str) -> None:
    state, event = fold(HISTORIES[history]), EVENTS[name]
    if name in CAN_FOLLOW[history]:
        assert evolve(state, event) != state
        return
    with pytest.raises(CorruptStream) as corruption:
        evolve(state, event)
    assert corruption.value.order_id == "o-1"
    assert corruption.value.status == state.status
    assert corruption.value.event_type == event.event_type


@pytest.mark.parametrize("history", [name for name in HISTORIES if name != "not placed"])
def test_a_retry_is_counted_while_the_order_is_under_way_and_changes_nothing_else(history: str) -> None:
    state = fold(HISTORIES[history])
    again = evolve(state, retried(state.status))
    if isinstance(state, Placed | Confirmed | Paid):
        state = replace(state, retries=1)
    assert again == state


def test_retries_are_counted_from_the_order_on_whatever_comes_between() -> None:
    events = (
        PLACED,
        retried("placed"),
        CONFIRMED,
        retried("confirmed"),
        HELD,
        released("confirmed"),
        retried("confirmed"),
    )
    assert fold(events) == Confirmed(ORDER, retries=3)
    assert fold((*events, PAID)) == Paid(ORDER, PAYMENT, retries=3)


def test_a_hold_lasts_through_what_a_gateway_was_doing_until_it_is_released_or_the_order_cancelled() -> None:
    held = fold((PLACED, CONFIRMED, HELD, PAID))
    assert held == Paid(ORDER, PAYMENT, Hold("fraud suspected"))
    assert evolve(held, released("paid")) == Paid(ORDER, PAYMENT)
    assert evolve(held, cancelled(1300)).hold is None


def test_refunds_of_a_shipped_order_add_up_to_what_can_still_be_refunded() -> None:
    part = REFUND_REQUESTED.model_copy(update={"refund_id": "back-2", "amount": 500})
    state = fold((*HISTORIES["shipped"], part))
    assert isinstance(state, Shipped)
    assert state.refundable == 800
    with pytest.raises(CorruptStream):
        evolve(state, REFUND_REQUESTED)
    with pytest.raises(CorruptStream):
        evolve(state, RETURNED)


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
