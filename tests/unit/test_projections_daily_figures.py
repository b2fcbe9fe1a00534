"""Daily figures: given the events of orders, then these occurrences; and days of any zone are whole rows."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from orders.adjustments import PaymentAdjusted, returned_by
from orders.events import Event, OrderPlaced
from orders.payment_events import RefundClosed, RefundOutcome
from orders.state import Cancelled, NotPlaced, Paid, Shipped, State
from projections.daily_figures import DAILY_FIGURES, FiguresRow
from projections.days import UnknownZone, days_between, zone_named
from tests.unit.orders.samples import (
    CONFIRMED,
    PAID,
    PLACED,
    REFUND_REQUESTED,
    REFUNDED,
    RETURNED,
    SHIPPED,
    an_order,
    cancelled,
)
from tests.unit.projection_samples import START, folded, log_of
from tests.unit.test_projections_any_history import HISTORIES, History, happened

PLACED_AT: Final = PLACED.placed_at
BOUGHT: Final = (PLACED, CONFIRMED, PAID, SHIPPED)


def sums_after(*events: Event) -> dict[str, int]:
    """Figures of all quarters together, those of 0 left out."""
    result = folded(DAILY_FIGURES, log_of(*events))
    assert result.parked == []
    names = [name for name in FiguresRow.__dataclass_fields__ if name not in ("quarter", "currency", "position")]
    totals = {name: sum(getattr(row, name) for row in result.rows) for name in names}
    return {name: total for name, total in totals.items() if total}


def adjusted(action: Any, amount: int, returned: int, status: str = "shipped") -> PaymentAdjusted:
    return PaymentAdjusted(
        order_id=PAID.order_id,
        customer_id=PAID.customer_id,
        currency="EUR",
        action=action,
        reference=action,
        payment_id=PAID.payment_id,
        amount=amount,
        returned=returned,
        status=status,
    )


def closed(outcome: RefundOutcome, *, made: bool) -> RefundClosed:
    facts = {"order_id": PAID.order_id, "customer_id": PAID.customer_id, "currency": "EUR", "reason": "a reason"}
    return RefundClosed(**facts, refund_id="r-1", outcome=outcome, amount=300, made=made, after_shipment=True)


def test_each_step_of_an_order_is_an_occurrence_with_its_amount() -> None:
    charged = {"placed": 1, "placed_amount": 1300, "charged": 1, "charged_amount": 1300}
    assert sums_after(*BOUGHT) == charged | {"shipped": 1, "shipped_amount": 1300}
    assert sums_after(PLACED, CONFIRMED, PAID, cancelled(1300), REFUNDED) == charged | {
        "cancelled": 1,
        "refunded": 1,
        "refunded_amount": 1300,
    }


def test_a_refund_counts_by_its_own_amount_and_ships_nothing() -> None:
    cent = RETURNED.model_copy(update={"amount": 1})
    bought = sums_after(*BOUGHT)
    assert sums_after(*BOUGHT, REFUND_REQUESTED) == bought
    assert sums_after(*BOUGHT, REFUND_REQUESTED, cent) == bought | {"refunded": 1, "refunded_amount": 1}
    nothing = REFUNDED.model_copy(update={"amount": 0})
    assert sums_after(PLACED, cancelled(0), nothing) == {"placed": 1, "placed_amount": 1300, "cancelled": 1}


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (adjusted("refunded", 300, 300), {"refunded": 1, "refunded_amount": 300}),
        (adjusted("disputed", 1300, 0), {}),
        (adjusted("dispute_lost", 1300, 1300), {"refunded": 1, "refunded_amount": 1300}),
        (adjusted("dispute_won", 1300, -200), {"refunded_amount": -200}),
        (adjusted("captured", 1000, 300), {"charged_amount": 1000}),
        (adjusted("released", 1300, 1300), {"charged_amount": 0}),
        (closed(RefundOutcome.SETTLED_ELSEWHERE, made=False), {"refunded": 1, "refunded_amount": 300}),
        (closed(RefundOutcome.SETTLED_ELSEWHERE, made=True), {}),
        (closed(RefundOutcome.WITHDRAWN, made=False), {}),
    ],
    ids=lambda value: str(getattr(value, "action", None) or getattr(value, "outcome", "")),
)
def test_what_a_person_or_the_provider_does_counts_as_money_returned_or_never_taken(
    event: Event, changes: dict[str, int]
) -> None:
    expected = sums_after(*BOUGHT) | changes
    assert sums_after(*BOUGHT, event) == {name: total for name, total in expected.items() if total}


def test_placing_counts_by_the_orders_own_time_and_the_rest_by_the_time_of_recording() -> None:
    late = OrderPlaced.of(an_order(placedAt="2025-12-31T23:59:59.999999Z"))
    rows = {(row.quarter, row.currency): row for row in folded(DAILY_FIGURES, log_of(late, CONFIRMED, PAID)).rows}
    assert rows.keys() == {(datetime(2025, 12, 31, 23, 45, tzinfo=UTC), "EUR"), (START, "EUR")}
    assert (rows[START, "EUR"].placed, rows[START, "EUR"].charged) == (0, 1)


@given(HISTORIES)
def test_charged_less_returned_is_the_money_kept_in_any_history(history: History) -> None:
    log, states = happened(history)
    kept: dict[str, int] = {}
    for row in folded(DAILY_FIGURES, log).rows:
        kept[row.currency] = kept.get(row.currency, 0) + row.charged_amount - row.refunded_amount
    expected: dict[str, int] = {}
    for state in states:
        if not isinstance(state, NotPlaced):
            currency = state.order.currency
            expected[currency] = expected.get(currency, 0) + money_of(state)
    assert {currency: amount for currency, amount in kept.items() if amount} == {
        currency: amount for currency, amount in expected.items() if amount
    }


def money_of(state: State) -> int:
    """The recorded payment less all that is recorded as returned or never taken."""
    payment = state.payment.amount if isinstance(state, Paid | Shipped | Cancelled) and state.payment else 0
    refunds = sum(each.amount for each in state.refunds) if isinstance(state, Shipped) else 0
    refunds += state.refund.amount if isinstance(state, Cancelled) and state.refund else 0
    return payment - refunds - returned_by(getattr(state, "adjustments", ()))


@pytest.mark.parametrize(
    ("zone", "day", "hours", "since"),
    [
        ("UTC", date(2026, 3, 29), 24, "2026-03-29T00:00:00+00:00"),
        ("Europe/Berlin", date(2026, 3, 29), 23, "2026-03-28T23:00:00+00:00"),
        ("Europe/Berlin", date(2026, 10, 25), 25, "2026-10-24T22:00:00+00:00"),
        ("Asia/Kathmandu", date(2026, 1, 1), 24, "2025-12-31T18:15:00+00:00"),
        ("Asia/Kolkata", date(2026, 1, 1), 24, "2025-12-31T18:30:00+00:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5, "2026-04-04T13:00:00+00:00"),
        ("Pacific/Chatham", date(2026, 9, 27), 23, "2026-09-26T11:15:00+00:00"),
        ("America/Santiago", date(2026, 9, 6), 23, "2026-09-06T04:00:00+00:00"),  # midnight does not exist
        ("America/Havana", date(2026, 11, 1), 25, "2026-11-01T04:00:00+00:00"),  # midnight comes twice
    ],
)
def test_a_day_has_the_hours_that_it_has_in_its_zone(zone: str, day: date, hours: float, since: str) -> None:
    [found] = days_between(day, day, zone_named(zone))
    assert (found.since.isoformat(), found.before - found.since) == (since, timedelta(hours=hours))


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Pacific/Chatham", "Australia/Lord_Howe", "America/St_Johns"])
def test_days_follow_each_other_without_gap_on_whole_quarters_of_an_hour(zone: str) -> None:
    days = list(days_between(date(2025, 1, 1), date(2026, 12, 31), ZoneInfo(zone)))
    assert len(days) == 730
    for one, following in pairwise(days):
        assert one.before == following.since
        assert (one.since.minute % 15, one.since.second) == (0, 0)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe",
        "a\0b",
        "\udc80",
        "CET-1CEST",
        "right/Europe/Berlin",
        "posix/UTC",
        "localtime",
    ],
)
def test_an_unknown_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownZone, match="there is no time zone"):
        zone_named(name)
