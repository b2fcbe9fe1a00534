"""Whatever is asked of an order, in whatever sequence, it never reaches a state that cannot be."""

from hypothesis import given
from hypothesis import strategies as st

from orders.commands import (
    CancelOrder,
    Command,
    ConfirmOrder,
    PlaceOrder,
    RecordPayment,
    RecordRefund,
    RecordShipment,
)
from orders.decide import decide
from orders.errors import OrderError
from orders.events import CancelledBy, Event, OrderCancelled, OrderPaid, OrderRefunded, OrderShipped
from orders.evolve import evolve, fold, initial_state
from orders.state import Cancelled, Shipped, State
from tests.unit.orders.samples import ORDER, an_order

# Mostly the right order and the right amount, so that sequences get somewhere; sometimes not.
ORDER_IDS = st.sampled_from(["o-1"] * 9 + ["o-2"])
AMOUNTS = st.sampled_from([1300] * 6 + [0, 1, 1301, -1])
PAYMENT_IDS = st.sampled_from(["pay-1", "pay-1", "pay-2"])
REASONS = st.sampled_from(["a reason", "another", "", "\x00"])

COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.sampled_from([PlaceOrder(ORDER), PlaceOrder(an_order(customerId="bob"))]),
    st.builds(ConfirmOrder, ORDER_IDS),
    st.builds(RecordPayment, ORDER_IDS, PAYMENT_IDS, AMOUNTS, st.sampled_from(["EUR", "EUR", "EUR", "USD"])),
    st.builds(RecordShipment, ORDER_IDS, st.sampled_from(["s-1", "s-2"]), st.just("T"), st.just("post")),
    st.builds(CancelOrder, ORDER_IDS, REASONS, st.sampled_from(CancelledBy)),
    st.builds(RecordRefund, ORDER_IDS, st.sampled_from(["r-1", "r-2"]), PAYMENT_IDS, AMOUNTS, REASONS),
)
SEQUENCES = st.lists(COMMANDS, max_size=25)


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

    assert len(kinds) == len(set(kinds)), "each thing happens to an order once at most"
    assert not (OrderShipped in kinds and OrderCancelled in kinds)
    if isinstance(state, Shipped):
        assert OrderPaid in kinds
        assert state.payment.amount == state.order.total
    for refund in (event for event in history if isinstance(event, OrderRefunded)):
        assert isinstance(state, Cancelled)
        assert 0 <= refund.amount <= ORDER.total


@given(SEQUENCES, COMMANDS)
def test_a_command_given_again_after_its_own_events_changes_nothing(commands: list[Command], command: Command) -> None:
    state = fold(history_of(commands))
    events = decided(command, state)
    if events:
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
