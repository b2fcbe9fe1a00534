"""For any history of some customers' orders, the read models agree with the orders."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.model import RecordedEvent
from orders.adjustments import returned_by
from orders.commands import (
    CancelOrder,
    Command,
    ConfirmOrder,
    PlaceOrder,
    RecordAdjustment,
    RecordPayment,
    RecordRefund,
    RecordShipment,
)
from orders.decide import decide
from orders.errors import OrderError
from orders.events import CancelledBy
from orders.evolve import evolve, initial_state
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund, RetryOrder
from orders.state import Cancelled, NotPlaced, Paid, Shipped, State
from projections import PROJECTIONS
from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.projection import Projection
from tests.unit.orders.samples import an_order, line
from tests.unit.projection_samples import folded, recorded

ORDERS: Final = [
    an_order(orderId="o-1", customerId="ada"),
    an_order(orderId="o-2", customerId="ada", items=[line(quantity=7)], total=3800),
    an_order(orderId="o-3", customerId="ada", currency="USD"),
    an_order(orderId="o-4", customerId="bob"),
    # Sums exceed bigint.
    an_order(orderId="o-5", customerId="eve", items=[line(quantity=1, unitPrice=2**63 - 301)], total=2**63 - 1),
    an_order(orderId="o-6", customerId="eve", items=[line(quantity=1, unitPrice=2**63 - 301)], total=2**63 - 1),
]
STEPS: Final[list[Callable[[int], Command]]] = [
    lambda i: PlaceOrder(ORDERS[i]),
    lambda i: ConfirmOrder(ORDERS[i].order_id),
    lambda i: RecordPayment(ORDERS[i].order_id, f"pay-{i}", ORDERS[i].total, ORDERS[i].currency),
    lambda i: RecordShipment(ORDERS[i].order_id, f"ship-{i}", "T", "post"),
    lambda i: CancelOrder(ORDERS[i].order_id, "a reason", CancelledBy.OPERATOR),
    lambda i: RecordRefund(ORDERS[i].order_id, f"ref-{i}", f"pay-{i}", ORDERS[i].total, "cancelled"),
    lambda i: HoldOrder(ORDERS[i].order_id, "a reason"),
    lambda i: ReleaseOrder(ORDERS[i].order_id),
    lambda i: RetryOrder(ORDERS[i].order_id, "a reason"),
    lambda i: RequestRefund(ORDERS[i].order_id, "part", 1, "late"),
    lambda i: RecordRefund(ORDERS[i].order_id, "part", f"pay-{i}", 1, "late"),
    lambda i: RequestRefund(ORDERS[i].order_id, "rest", ORDERS[i].total - 1, "late"),
    lambda i: RecordRefund(ORDERS[i].order_id, "rest", f"pay-{i}", ORDERS[i].total - 1, "late"),
    lambda i: RecordAdjustment(ORDERS[i].order_id, "refunded", f"by-hand-{i}", f"pay-{i}", 1),
    lambda i: RecordAdjustment(ORDERS[i].order_id, "captured", f"pay-{i}", f"pay-{i}", 2),
    lambda i: RecordAdjustment(ORDERS[i].order_id, "released", f"pay-{i}", f"pay-{i}", ORDERS[i].total),
    lambda i: RecordAdjustment(ORDERS[i].order_id, "dispute_lost", f"dispute-{i}", f"pay-{i}", ORDERS[i].total - 2),
    lambda i: RecordAdjustment(ORDERS[i].order_id, "dispute_won", f"dispute-{i}", f"pay-{i}", ORDERS[i].total - 2),
]
# Mostly forwards, so that orders reach their ends.
HISTORIES: Final = st.lists(
    st.tuples(st.integers(0, len(ORDERS) - 1), st.sampled_from(STEPS[:4] * 4 + STEPS[4:])), max_size=60
)
History = list[tuple[int, Callable[[int], Command]]]


def happened(history: History) -> tuple[list[RecordedEvent], list[State]]:
    """Log that results from the commands, without the refused ones, and the states of the orders."""
    states: list[State] = [initial_state() for _ in ORDERS]
    log: list[RecordedEvent] = []
    for index, command in history:
        try:
            events = decide(command(index), states[index])
        except OrderError:
            continue
        for event in events:
            states[index] = evolve(states[index], event)
            log.append(recorded(event, len(log) + 1))
    return log, states


@given(HISTORIES)
def test_the_dashboards_row_says_what_the_order_says(history: History) -> None:
    log, states = happened(history)
    rows = {row.order_id: (row.status, row.payment_state, row.hold_reason) for row in folded(ORDER_DASHBOARD, log).rows}
    assert rows == {
        state.order.order_id: (state.status, state.payment_state, state.hold.reason if state.hold else None)
        for state in states
        if not isinstance(state, NotPlaced)
    }


@given(HISTORIES)
def test_a_customers_figures_are_those_of_the_customers_orders(history: History) -> None:
    log, states = happened(history)
    rows = {
        (row.customer_id, row.currency): (row.order_count, row.shipped_count, row.cancelled_count, row.total_spend)
        for row in folded(CUSTOMER_ORDERS, log).rows
    }
    expected: dict[tuple[str, str], tuple[int, ...]] = {}
    for state in states:
        if not isinstance(state, NotPlaced):
            key = (state.order.customer_id, state.order.currency)
            expected[key] = tuple(map(sum, zip(expected.get(key, (0, 0, 0, 0)), figures(state), strict=True)))
    assert rows == expected


def figures(state: State) -> tuple[int, int, int, int]:
    kept = state.payment.amount if isinstance(state, Paid | Shipped) else 0
    kept -= sum(refund.amount for refund in state.refunds) if isinstance(state, Shipped) else 0
    kept -= 0 if isinstance(state, Cancelled) else returned_by(state.adjustments)
    return 1, int(isinstance(state, Shipped)), int(isinstance(state, Cancelled)), kept


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
@given(history=HISTORIES, size=st.integers(1, 9))
def test_pages_of_any_size_come_to_the_same_rows(projection: Projection[Any], history: History, size: int) -> None:
    log, _ = happened(history)
    rows: list[Any] = []
    for start in range(0, len(log), size):
        rows = folded(projection, log[start : start + size], rows).rows
    whole = folded(projection, log)
    assert whole.parked == []
    assert {projection.key_of(row): row for row in rows} == {projection.key_of(row): row for row in whole.rows}
