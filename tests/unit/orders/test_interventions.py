"""Interventions of a person, as given when then: hold, release, retry, refund after shipment."""

from dataclasses import replace

import pytest

from orders.commands import CancelOrder, Command
from orders.errors import IllegalTransition, InvalidCommand, OrderOnHold, RefundOutOfRange
from orders.events import Event, OrderRetried
from orders.evolve import fold
from orders.interventions import HoldOrder, RetryOrder
from orders.money import Money
from orders.records import LabelChoice
from orders.state import ExistingOrder
from tests.unit.orders.samples import (
    CANCEL,
    CONFIRM,
    CONFIRMED,
    HELD,
    HOLD,
    PAID,
    PAY,
    PLACED,
    RECORD_RETURN,
    REFUND_REQUESTED,
    RELEASE,
    REQUEST_REFUND,
    RETRY,
    RETURNED,
    SHIP,
    SHIPPED,
    cancelled,
    released,
    retried,
)
from tests.unit.orders.specification import given

OPEN: dict[str, tuple[Event, ...]] = {
    "placed": (PLACED,),
    "confirmed": (PLACED, CONFIRMED),
    "paid": (PLACED, CONFIRMED, PAID),
}
WITH_GOODS = (PLACED, CONFIRMED, PAID, SHIPPED)
ENDED: dict[str, tuple[Event, ...]] = {"shipped": WITH_GOODS, "cancelled": (PLACED, cancelled())}


def choice_after(events: tuple[Event, ...]) -> LabelChoice | None:
    state = fold(events)
    assert isinstance(state, ExistingOrder)
    return state.label_choice


def replace_event(event: OrderRetried, **changes: str | None) -> OrderRetried:
    return event.model_copy(update=changes)


@pytest.mark.parametrize("status", OPEN)
def test_a_choice_of_carrier_and_service_stays_with_an_open_order_until_another_is_made(status: str) -> None:
    chosen = replace(RETRY, carrier="UPS", service="Ground")
    by_ups = replace_event(retried(status), carrier="UPS", service="Ground")
    given(*OPEN[status]).when(chosen).then(by_ups)
    assert choice_after((*OPEN[status], by_ups, retried(status))) == LabelChoice("UPS", "Ground")
    other = replace_event(by_ups, carrier="DHL", service=None)
    assert choice_after((*OPEN[status], by_ups, other)) == LabelChoice("DHL", None)
    assert "by UPS Ground" in by_ups.summary


def test_a_choice_made_early_is_kept_until_the_label_is_bought() -> None:
    by_ups = replace_event(retried("placed"), carrier="UPS")
    assert choice_after((PLACED, by_ups, CONFIRMED, PAID)) == LabelChoice("UPS", None)


@pytest.mark.parametrize("status", ENDED)
def test_an_order_that_has_ended_takes_no_choice_of_a_carrier(status: str) -> None:
    assert given(*ENDED[status]).when(replace(RETRY, carrier="UPS")).refuses(IllegalTransition).status == status


@pytest.mark.parametrize("status", OPEN)
def test_an_order_under_way_is_held_once_and_released_once(status: str) -> None:
    given(*OPEN[status]).when(HOLD).then(HELD)
    given(*OPEN[status], HELD).when(HOLD).then_nothing()
    given(*OPEN[status], HELD).when(replace(HOLD, reason="another")).then_nothing()
    given(*OPEN[status], HELD).when(RELEASE).then(released(status))
    given(*OPEN[status]).when(RELEASE).then_nothing()
    given(*OPEN[status], HELD, released(status)).when(HOLD).then(HELD)


@pytest.mark.parametrize("command", [HOLD, RETRY, CANCEL], ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("reason", ["", " ", "\u200b", "\u3164"])
def test_a_reason_without_a_visible_character_is_refused(
    command: HoldOrder | RetryOrder | CancelOrder, reason: str
) -> None:
    given(PLACED).when(replace(command, reason=reason)).refuses(InvalidCommand)


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize("command", [HOLD, RELEASE], ids=lambda c: type(c).__name__)
def test_an_order_that_has_ended_is_neither_held_nor_released(status: str, command: Command) -> None:
    assert given(*ENDED[status]).when(command).refuses(IllegalTransition).status == status


def test_a_held_order_takes_no_further_step_and_says_why() -> None:
    refusal = given(PLACED, HELD).when(CONFIRM).refuses(OrderOnHold)
    assert (refusal.order_id, refusal.reason) == ("o-1", "fraud suspected")
    given(PLACED, CONFIRMED, PAID, HELD).when(SHIP).refuses(OrderOnHold)


def test_money_that_was_taken_when_the_order_was_held_is_recorded_all_the_same() -> None:
    given(PLACED, CONFIRMED, HELD).when(PAY).then(PAID)


@pytest.mark.parametrize("status", OPEN)
def test_a_held_order_can_be_cancelled(status: str) -> None:
    paid = 1300 if status == "paid" else 0
    given(*OPEN[status], HELD).when(CANCEL).then(cancelled(paid))


@pytest.mark.parametrize("status", [*OPEN, *ENDED])
def test_a_retry_is_recorded_with_where_the_order_stands_every_time(status: str) -> None:
    history = (OPEN | ENDED)[status]
    given(*history).when(RETRY).then(retried(status))
    given(*history, retried(status)).when(RETRY).then(retried(status))


def test_a_shipped_order_is_refunded_on_request_and_recorded_once() -> None:
    given(*WITH_GOODS).when(REQUEST_REFUND).then(REFUND_REQUESTED)
    given(*WITH_GOODS, REFUND_REQUESTED).when(REQUEST_REFUND).then_nothing()
    given(*WITH_GOODS, REFUND_REQUESTED).when(RECORD_RETURN).then(RETURNED)
    given(*WITH_GOODS, REFUND_REQUESTED, RETURNED).when(RECORD_RETURN).then_nothing()
    given(*WITH_GOODS, REFUND_REQUESTED, RETURNED).when(REQUEST_REFUND).then_nothing()


def test_a_requested_refund_does_not_take_the_name_of_a_cancelled_orders_refund() -> None:
    refusal = given(*WITH_GOODS).when(replace(REQUEST_REFUND, refund_id="cancellation")).refuses(InvalidCommand)
    assert [fault.path for fault in refusal.faults] == ["refundId"]


@pytest.mark.parametrize("amount", [0, 1])
def test_a_refund_is_recorded_with_what_was_left_to_give_and_is_owed_no_more(amount: int) -> None:
    less, record = RETURNED.model_copy(update={"amount": amount}), replace(RECORD_RETURN, amount=amount)
    given(*WITH_GOODS, REFUND_REQUESTED).when(record).then(less)
    given(*WITH_GOODS, REFUND_REQUESTED, less).when(record).then_nothing()
    given(*WITH_GOODS, REFUND_REQUESTED, less).when(RECORD_RETURN).refuses(IllegalTransition)


def test_refunds_together_never_exceed_the_charge_also_while_they_are_under_way() -> None:
    first = REFUND_REQUESTED.model_copy(update={"refund_id": "back-0", "amount": 1000})
    refusal = given(*WITH_GOODS, first).when(replace(REQUEST_REFUND, amount=301)).refuses(RefundOutOfRange)
    assert (refusal.amount, refusal.limit) == (Money(301, "EUR"), Money(300, "EUR"))
    rest = REFUND_REQUESTED.model_copy(update={"amount": 300})
    given(*WITH_GOODS, first).when(replace(REQUEST_REFUND, amount=300)).then(rest)


@pytest.mark.parametrize("amount", [-1, 0, 1301])
def test_a_refund_of_nothing_or_more_than_was_charged_is_refused(amount: int) -> None:
    given(*WITH_GOODS).when(replace(REQUEST_REFUND, amount=amount)).refuses(RefundOutOfRange)


@pytest.mark.parametrize("facts", [{"amount": 1}, {"reason": "another"}], ids=str)
def test_a_refunds_id_with_other_facts_is_refused(facts: dict[str, object]) -> None:
    again = replace(REQUEST_REFUND, **facts)  # type: ignore[arg-type]
    given(*WITH_GOODS, REFUND_REQUESTED).when(again).refuses(RefundOutOfRange)


@pytest.mark.parametrize(
    "facts", [{"refund_id": "back-2"}, {"amount": 1301}, {"amount": -1}, {"payment_id": "pay-2"}], ids=str
)
def test_a_refund_that_nobody_asked_for_is_not_recorded(facts: dict[str, object]) -> None:
    other = replace(RECORD_RETURN, **facts)  # type: ignore[arg-type]
    given(*WITH_GOODS, REFUND_REQUESTED).when(other).refuses(IllegalTransition)


@pytest.mark.parametrize("status", [*OPEN, "cancelled"])
def test_a_refund_is_asked_for_after_shipment_only(status: str) -> None:
    refusal = given(*(OPEN | ENDED)[status]).when(REQUEST_REFUND).refuses(IllegalTransition)
    assert refusal.status == status


@pytest.mark.parametrize("command", [HOLD, RETRY], ids=lambda c: type(c).__name__)
def test_a_person_has_to_give_a_reason(command: Command) -> None:
    blank = replace(command, reason=" ")  # type: ignore[arg-type]
    assert [fault.path for fault in given(PLACED).when(blank).refuses(InvalidCommand).faults] == ["reason"]
