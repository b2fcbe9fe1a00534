"""No sequence of commands brings an order into an impossible state."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from orders.adjustments import AdjustmentAction, PaymentAdjusted
from orders.commands import (
    CancelOrder,
    CloseRefund,
    Command,
    ConfirmOrder,
    PlaceOrder,
    RecordAdjustment,
    RecordPayment,
    RecordPendingPayment,
    RecordRefund,
    RecordShipment,
)
from orders.decide import decide
from orders.errors import OrderError
from orders.events import (
    CancelledBy,
    Event,
    OrderCancelled,
    OrderConfirmed,
    OrderHeld,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReleased,
    OrderShipped,
    RefundRequested,
)
from orders.evolve import evolve, fold, initial_state
from orders.interventions import HoldOrder, NoteOrder, ReleaseOrder, RequestRefund, RetryOrder, TagOrder, UntagOrder
from orders.payment_attempts import GivePaymentMethod, RecordPaymentFailure
from orders.payment_events import RefundClosed, RefundOutcome
from orders.records import PaymentFailure
from orders.refund_closing import SETTLED
from orders.state import Cancelled, Shipped, State
from tests.unit.orders.samples import DEADLINE, NOW, ORDER, an_order

# Mostly the right order and the right amount, so that sequences make progress.
ORDER_IDS = st.sampled_from(["o-1"] * 9 + ["o-2"])
AMOUNTS = st.sampled_from([1300] * 6 + [0, 1, 1301, -1])
PAYMENT_IDS = st.sampled_from(["pay-1", "pay-1", "pay-2"])
PARTS = st.sampled_from([1, 600, 700, 1300])
REFUND_IDS = st.sampled_from(["r-1", "r-2", "r-3"])
REASONS = st.sampled_from(["a reason", "another", "", "\x00"])
TAGS = st.lists(st.sampled_from(["vip", "gift", "VIP"]), max_size=3).map(tuple)
ACTIONS = st.sampled_from(get_args(AdjustmentAction))

COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.sampled_from([PlaceOrder(ORDER), PlaceOrder(an_order(customerId="bob"))]),
    st.builds(ConfirmOrder, ORDER_IDS),
    st.builds(RecordPayment, ORDER_IDS, PAYMENT_IDS, AMOUNTS, st.sampled_from(["EUR", "EUR", "EUR", "USD"])),
    st.builds(RecordShipment, ORDER_IDS, st.sampled_from(["s-1", "s-2"]), st.just("T"), st.just("post")),
    st.builds(CancelOrder, ORDER_IDS, REASONS, st.sampled_from(CancelledBy)),
    st.builds(RecordRefund, ORDER_IDS, REFUND_IDS, PAYMENT_IDS, AMOUNTS, REASONS),
    st.builds(HoldOrder, ORDER_IDS, REASONS),
    st.builds(ReleaseOrder, ORDER_IDS),
    st.builds(RetryOrder, ORDER_IDS, REASONS),
    st.builds(RequestRefund, ORDER_IDS, REFUND_IDS, PARTS, REASONS),
    st.builds(RecordRefund, ORDER_IDS, REFUND_IDS, st.just("pay-1"), PARTS, REASONS),
    st.builds(CloseRefund, ORDER_IDS, REFUND_IDS, st.sampled_from(RefundOutcome), REASONS),
    st.builds(RecordPendingPayment, ORDER_IDS, PAYMENT_IDS, AMOUNTS, st.just(NOW)),
    st.builds(
        RecordPaymentFailure,
        ORDER_IDS,
        st.builds(PaymentFailure, st.sampled_from([1, 1, 2]), st.sampled_from(["a", "b"]), REASONS, st.just(DEADLINE)),
    ),
    st.builds(GivePaymentMethod, ORDER_IDS, st.sampled_from(["pm_1", "pm_2", ""])),
    st.builds(NoteOrder, ORDER_IDS, REASONS),
    st.builds(TagOrder, ORDER_IDS, TAGS),
    st.builds(UntagOrder, ORDER_IDS, TAGS),
    st.builds(RecordAdjustment, ORDER_IDS, ACTIONS, REFUND_IDS, st.just("pay-1"), PARTS, REASONS),
)
# Often from a shipped order, which at random few sequences would come to.
TO_SHIPPED: list[Command] = [
    ConfirmOrder("o-1"),
    RecordPayment("o-1", "pay-1", 1300, "EUR"),
    RecordShipment("o-1", "s-1", "T", "post"),
]
SEQUENCES = st.builds(
    lambda start, rest: [*start, *rest],
    st.sampled_from([[], TO_SHIPPED[:2], TO_SHIPPED]),
    st.lists(COMMANDS, max_size=25),
)
ONCE = (OrderPlaced, OrderConfirmed, OrderPaid, OrderShipped, OrderCancelled)


def decided(command: Command, state: State) -> list[Event]:
    try:
        return decide(command, state)
    except OrderError:
        return []


def after(state: State, events: list[Event]) -> State:
    for event in events:
        state = evolve(state, event)
    return state


def history_of(commands: list[Command]) -> list[Event]:
    state: State = initial_state()
    history: list[Event] = []
    for command in [PlaceOrder(ORDER), *commands]:
        events = decided(command, state)
        state = after(state, events)
        history += events
    return history


@given(SEQUENCES)
def test_every_event_that_was_decided_can_be_folded_and_the_invariants_hold(commands: list[Command]) -> None:
    history = history_of(commands)
    state = fold(history)
    kinds = [type(event) for event in history]

    assert all(kinds.count(kind) <= 1 for kind in ONCE), "each step happens to an order once at most"
    assert not (OrderShipped in kinds and OrderCancelled in kinds)
    if isinstance(state, Shipped):
        assert OrderPaid in kinds
        assert state.payment.amount == state.order.total
    else:
        assert RefundRequested not in kinds
    if isinstance(state, Cancelled):
        assert kinds.count(OrderRefunded) <= 1


@given(SEQUENCES)
def test_money_given_back_was_asked_for_and_never_exceeds_the_charge(commands: list[Command]) -> None:
    history = history_of(commands)
    state = fold(history)
    back = [event for event in history if isinstance(event, OrderRefunded)]
    asked = [event for event in history if isinstance(event, RefundRequested)]

    assert 0 <= sum(event.amount for event in back) <= ORDER.total
    given_up = [event for event in history if isinstance(event, RefundClosed) and event.outcome is not SETTLED]
    closed = {event.refund_id for event in given_up}
    assert sum(event.amount for event in asked if event.refund_id not in closed) <= ORDER.total
    assert len({event.refund_id for event in history if isinstance(event, RefundClosed)}) == sum(
        isinstance(event, RefundClosed) for event in history
    )
    assert len({event.refund_id for event in asked}) == len(asked)
    assert not back or isinstance(state, Shipped | Cancelled)
    if isinstance(state, Shipped):
        requested = {event.refund_id: event.amount for event in asked}
        assert all(event.amount <= requested[event.refund_id] for event in back)  # less where less was left to refund
        assert len({event.refund_id for event in back}) == len(back)


@given(SEQUENCES)
def test_an_order_ships_after_an_adjustment_only_where_a_person_released_it(commands: list[Command]) -> None:
    waits = False
    for event in history_of(commands):
        if isinstance(event, PaymentAdjusted) and event.action != "dispute_won":
            waits = waits or event.status in ("confirmed", "paid")
        waits = waits and not isinstance(event, OrderReleased)
        assert not (waits and isinstance(event, OrderShipped))


@given(SEQUENCES)
def test_an_adjustment_is_recorded_once(commands: list[Command]) -> None:
    recorded = [(event.action, event.reference) for event in history_of(commands) if isinstance(event, PaymentAdjusted)]
    assert len(set(recorded)) == len(recorded)


@given(SEQUENCES)
def test_a_held_order_takes_no_step_but_records_the_charge_that_was_under_way(commands: list[Command]) -> None:
    held = False
    for event in history_of(commands):
        assert not (held and isinstance(event, OrderConfirmed | OrderShipped | OrderHeld))
        assert held or not isinstance(event, OrderReleased)
        held = (held or isinstance(event, OrderHeld)) and not isinstance(event, OrderReleased | OrderCancelled)


@given(SEQUENCES, COMMANDS)
def test_a_command_given_again_after_its_own_events_changes_nothing(commands: list[Command], command: Command) -> None:
    state = fold(history_of(commands))
    events = decided(command, state)
    if events and not isinstance(command, RetryOrder | NoteOrder):  # which append each time
        assert decide(command, after(state, events)) == []


@given(SEQUENCES, COMMANDS)
def test_deciding_changes_neither_the_state_nor_the_next_decision(commands: list[Command], command: Command) -> None:
    history = history_of(commands)
    state = fold(history)
    assert decided(command, state) == decided(command, state)
    assert state == fold(history)


@given(SEQUENCES)
def test_every_event_survives_its_way_through_json(commands: list[Command]) -> None:
    for event in history_of(commands):
        assert type(event).model_validate_json(event.model_dump_json()) == event
