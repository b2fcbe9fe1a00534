"""Refunds that the provider will not make, and payments that it has not decided, as given when then."""

from dataclasses import replace

import pytest

from orders.commands import CloseRefund, RecordPendingPayment
from orders.errors import IllegalTransition, RefundNotOpen, RefundOutOfRange
from orders.evolve import fold
from orders.payment_events import RefundOutcome
from orders.state import Cancelled, Confirmed, Shipped
from tests.unit.orders.samples import (
    CLOSED,
    CONFIRMED,
    PAID,
    PENDING,
    PLACED,
    RECORD_RETURN,
    REFUND_REQUESTED,
    REFUNDED,
    REQUEST_REFUND,
    RETURNED,
    SHIPPED,
    cancelled,
)
from tests.unit.orders.specification import given

CLOSE = CloseRefund("o-1", "back-1", RefundOutcome.REFUSED, "the payment is disputed")
SETTLE = replace(CLOSE, outcome=RefundOutcome.SETTLED_ELSEWHERE)
WITHDRAW = replace(CLOSE, outcome=RefundOutcome.WITHDRAWN)
SETTLED = CLOSED.model_copy(update={"outcome": RefundOutcome.SETTLED_ELSEWHERE})
REQUESTED = (PLACED, CONFIRMED, PAID, SHIPPED, REFUND_REQUESTED)
FAILED = (PLACED, CONFIRMED, PAID, cancelled(1300))


def shipped(*events: object) -> Shipped:
    state = fold((*REQUESTED, *events))  # type: ignore[arg-type]
    assert isinstance(state, Shipped)
    return state


@pytest.mark.parametrize("command", [CLOSE, SETTLE, WITHDRAW], ids=lambda command: command.outcome)
def test_an_open_request_is_closed_once(command: CloseRefund) -> None:
    closed = CLOSED.model_copy(update={"outcome": command.outcome})
    given(*REQUESTED).when(command).then(closed)
    given(*REQUESTED, closed).when(replace(command, reason="in other words")).then_nothing()
    other = CLOSE if command is not CLOSE else SETTLE
    assert "it is closed as" in str(given(*REQUESTED, closed).when(other).refuses(RefundNotOpen))


def test_a_refused_or_withdrawn_refund_frees_its_amount_and_a_settled_one_does_not() -> None:
    assert shipped().refundable == 0
    assert (shipped(CLOSED).refundable, shipped(SETTLED).refundable) == (1300, 0)
    assert shipped(CLOSED).owed == shipped(SETTLED).owed == ()
    assert shipped(CLOSED).payment_state == shipped(SETTLED).payment_state == "paid"
    again = replace(REQUEST_REFUND, refund_id="back-2")
    given(*REQUESTED, CLOSED).when(again).then(REFUND_REQUESTED.model_copy(update={"refund_id": "back-2"}))
    given(*REQUESTED, SETTLED).when(again).refuses(RefundOutOfRange)


def test_a_refund_that_the_provider_makes_although_it_was_closed_is_recorded() -> None:
    given(*REQUESTED, CLOSED).when(RECORD_RETURN).then(RETURNED)
    assert (shipped(CLOSED, RETURNED).payment_state, shipped(CLOSED, RETURNED).refundable) == ("refunded", 0)


def test_a_refund_that_was_made_and_failed_later_can_only_be_settled() -> None:
    settled = SETTLED.model_copy(update={"made": True})
    given(*REQUESTED, RETURNED).when(SETTLE).then(settled)
    for command in (CLOSE, WITHDRAW):
        assert given(*REQUESTED, RETURNED).when(command).refuses(RefundNotOpen).why == "it was made"
    assert (shipped(RETURNED, settled).payment_state, shipped(RETURNED, settled).refundable) == ("paid", 0)


def test_an_unknown_refund_cannot_be_closed() -> None:
    assert given(*REQUESTED).when(replace(CLOSE, refund_id="back-9")).refuses(RefundNotOpen).refund_id == "back-9"
    given(PLACED, CONFIRMED, PAID).when(CLOSE).refuses(IllegalTransition)


def test_the_refund_of_a_cancelled_order_is_settled_once_and_then_nothing_is_owed() -> None:
    settled = SETTLED.model_copy(update={"after_shipment": False})
    given(*FAILED).when(SETTLE).then(settled)
    given(*FAILED, settled).when(SETTLE).then_nothing()
    given(*FAILED, settled).when(replace(SETTLE, refund_id="back-2")).refuses(RefundNotOpen)
    for command in (CLOSE, WITHDRAW):
        given(*FAILED).when(command).refuses(RefundNotOpen)
    state = fold((*FAILED, settled))
    assert isinstance(state, Cancelled)
    assert (state.is_settled, state.payment_state) == (True, "paid")


def test_a_refund_of_a_cancelled_order_that_failed_after_it_was_recorded_is_settled_by_its_own_id() -> None:
    ended = (*FAILED, REFUNDED)
    assert given(*ended).when(SETTLE).refuses(RefundNotOpen).why == "its refund is ref-1"
    settled = SETTLED.model_copy(update={"after_shipment": False, "made": True, "refund_id": "ref-1"})
    given(*ended).when(replace(SETTLE, refund_id="ref-1")).then(settled)


def test_a_pending_payment_is_recorded_once_and_the_order_stays_confirmed() -> None:
    record = RecordPendingPayment("o-1", "pay-1", 1300, PENDING.until)
    given(PLACED, CONFIRMED).when(record).then(PENDING)
    given(PLACED, CONFIRMED, PENDING).when(record).then_nothing()
    given(PLACED, CONFIRMED, PENDING, PAID).when(record).refuses(IllegalTransition)
    state = fold((PLACED, CONFIRMED, PENDING))
    assert isinstance(state, Confirmed)
    assert state.pending is not None
    assert (state.payment_state, state.pending.payment_id) == ("none", "pay-1")
