"""An order that waits for its payment: declines and further means of payment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orders.errors import IllegalTransition, InvalidCommand, NoPaymentAwaited
from orders.evolve import fold
from orders.payment_attempts import GivePaymentMethod, RecordPaymentFailure
from orders.records import PaymentFailure
from orders.state import Confirmed, Paid
from tests.unit.orders.samples import (
    CANCEL,
    CONFIRMED,
    DEADLINE,
    FAIL,
    FAILED,
    GIVE,
    GIVEN,
    HELD,
    PAID,
    PAY,
    PENDING,
    PLACED,
    RETRY,
    cancelled,
    released,
    retried,
)
from tests.unit.orders.specification import given

LATER = DEADLINE + timedelta(days=1)


def _failing(**changes: Any) -> RecordPaymentFailure:
    return replace(FAIL, failure=replace(FAIL.failure, **changes))


SECOND = _failing(attempt=2, waits_until=LATER)
FAILED_AGAIN = FAILED.model_copy(update={"attempt": 2})


def test_a_decline_is_recorded_once_for_each_attempt_and_code() -> None:
    given(PLACED, CONFIRMED).when(FAIL).then(FAILED)
    given(PLACED, CONFIRMED, FAILED).when(_failing(waits_until=LATER)).then_nothing()
    other = _failing(code="authentication_failed")
    given(PLACED, CONFIRMED, FAILED).when(other).then(FAILED.model_copy(update={"code": "authentication_failed"}))


def test_the_same_decline_after_a_pending_payment_is_recorded_again() -> None:
    pending = fold([PLACED, CONFIRMED, FAILED, PENDING])
    assert pending.awaited is None
    given(PLACED, CONFIRMED, FAILED, PENDING).when(FAIL).then(FAILED)
    assert fold([PLACED, CONFIRMED, FAILED, PENDING, FAILED]).awaited is not None


def test_the_deadline_is_that_of_the_first_decline() -> None:
    given(PLACED, CONFIRMED, FAILED, GIVEN).when(SECOND).then(FAILED_AGAIN)


def test_a_decline_that_a_retry_has_superseded_is_not_recorded() -> None:
    given(PLACED, CONFIRMED, retried("confirmed")).when(FAIL).then_nothing()
    given(PLACED, CONFIRMED, FAILED, GIVEN).when(FAIL).then_nothing()


def test_a_decline_is_recorded_on_a_held_order_and_refused_on_a_paid_or_cancelled_one() -> None:
    given(PLACED, CONFIRMED, HELD).when(FAIL).then(FAILED)
    for ended in (PAID, cancelled()):
        given(PLACED, CONFIRMED, ended).when(FAIL).refuses(IllegalTransition)


def test_a_waiting_order_takes_another_means_of_payment_once() -> None:
    given(PLACED, CONFIRMED, FAILED).when(GIVE).then(GIVEN)
    given(PLACED, CONFIRMED, FAILED, HELD).when(GIVE).then(GIVEN)
    given(PLACED, CONFIRMED, FAILED, GIVEN).when(GIVE).then_nothing()
    given(PLACED, CONFIRMED, FAILED, GIVEN, FAILED_AGAIN).when(GIVE).then(GIVEN)


@pytest.mark.parametrize(
    "events",
    [
        (PLACED,),
        (PLACED, CONFIRMED),
        (PLACED, CONFIRMED, FAILED, retried("confirmed")),
        (PLACED, CONFIRMED, FAILED, PAID),
        (PLACED, CONFIRMED, FAILED, cancelled()),
    ],
)
def test_an_order_that_does_not_wait_takes_no_other_means_of_payment(events: tuple) -> None:  # type: ignore[type-arg]
    refusal = given(*events).when(GIVE).refuses(NoPaymentAwaited)
    assert "awaits no means of payment" in str(refusal)


@pytest.mark.parametrize("token", ["", "4242424242424242", "with blank"])
def test_a_card_number_or_no_token_is_refused(token: str) -> None:
    refusal = given(PLACED, CONFIRMED, FAILED).when(GivePaymentMethod("o-1", token)).refuses(InvalidCommand)
    assert "4242" not in str(refusal)


def test_the_state_counts_attempts_and_waits_only_after_the_current_one_failed() -> None:
    state = fold([PLACED, retried("placed"), CONFIRMED])
    assert isinstance(state, Confirmed)
    assert (state.attempt, state.awaited) == (2, None)
    state = fold([PLACED, CONFIRMED, FAILED])
    assert isinstance(state, Confirmed)
    assert (state.attempt, state.awaited) == (1, state.failure)
    state = fold([PLACED, CONFIRMED, FAILED, GIVEN])
    assert isinstance(state, Confirmed)
    assert (state.attempt, state.awaited, state.payment_method) == (2, None, "pm_2")
    assert state.failure is not None
    assert state.failure.waits_until == DEADLINE


def test_a_waiting_order_can_be_paid_held_released_retried_and_cancelled() -> None:
    waiting = (PLACED, CONFIRMED, FAILED)
    given(*waiting).when(PAY).then(PAID)
    given(*waiting).when(CANCEL).then(cancelled())
    given(*waiting).when(RETRY).then(retried("confirmed"))
    paid = fold([*waiting, GIVEN, HELD, released("confirmed"), PAID])
    assert isinstance(paid, Paid)
    assert paid.payment_method == "pm_2"


def test_a_failure_names_its_deadline_in_the_timeline() -> None:
    assert FAILED.summary == "The card was declined. (card_declined); waits until 2026-02-03 09:30 UTC"
    command = RecordPaymentFailure("o-1", PaymentFailure(1, "x", "y", DEADLINE))
    given(PLACED, CONFIRMED).when(command).then(
        FAILED.model_copy(update={"code": "x", "reason": "y", "payment_id": None})
    )
