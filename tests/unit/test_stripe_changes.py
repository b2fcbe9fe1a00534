"""Changes of a payment, from Stripe's present objects: a table of acts by a person or a bank."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateways.payments import PaymentChange
from gateways.stripe.changes import changes_of
from gateways.stripe.ledger import ChargeRow
from gateways.stripe.objects import Intent, StripeDispute
from gateways.stripe.refund_credits import RefundRow, uncredited

START = datetime(2026, 5, 2, 12, tzinfo=UTC)
CHARGE = ChargeRow(
    key="o-1:charge-payment",
    order_id="o-1",
    fingerprint="f",
    amount=1000,
    currency="EUR",
    attempt=1,
    intent_id="pi_1",
    state="succeeded",
    decline_code=None,
    decline_reason=None,
    refund_id=None,
    amount_returned=0,
    voided_at=None,
    asks=1,
)
INTENT = Intent(
    id="pi_1",
    status="succeeded",
    amount_refunded=0,
    amount=1000,
    received=1000,
    held=True,
    held_until=None,
    decline=None,
    currency="EUR",
    created=START,
    key="o-1:charge-payment",
    order_id="o-1",
)
RELEASED = replace(INTENT, status="canceled", received=0)


def by_hand(minute: float, amount: int, state: str = "succeeded", adjusted: int = 0) -> RefundRow:
    at = START + timedelta(minutes=minute)
    id_ = f"re_{minute:g}"
    return RefundRow(f"stripe:{id_}", "pi_1", id_, amount, "EUR", state, at, manual=True, adjusted=adjusted)


def requested(minute: float, amount: int, state: str) -> RefundRow:
    at = START + timedelta(minutes=minute)
    return RefundRow(f"r-{minute:g}", "pi_1", None, amount, "EUR", state, at)


def dispute(status: str, **changes: Any) -> StripeDispute:
    return replace(StripeDispute("dp_1", status, 1000, "EUR", START, "fraudulent", "pi_1"), **changes)


def change(action: Any, reference: str, amount: int, reason: str | None = None) -> PaymentChange:
    return PaymentChange("stripe", action, reference, "pi_1", amount, reason)


CASES: dict[str, tuple[ChargeRow, Intent, list[RefundRow], list[StripeDispute], list[PaymentChange]]] = {
    "nothing": (CHARGE, INTENT, [], [], []),
    "a refund of ours": (CHARGE, INTENT, [requested(1, 300, "succeeded")], [], []),
    "refunds by hand": (
        CHARGE,
        INTENT,
        [by_hand(2, 200, adjusted=200), by_hand(1, 300, "pending", adjusted=100)],
        [],
        [change("refunded", "re_1", 100), change("refunded", "re_2", 200)],
    ),
    "a refund by hand that counts towards a request": (CHARGE, INTENT, [by_hand(1, 300)], [], []),
    "a refund by hand that failed": (CHARGE, INTENT, [by_hand(1, 300, "failed", adjusted=300)], [], []),
    "a part captured": (CHARGE, replace(INTENT, received=700), [], [], [change("captured", "pi_1", 700)]),
    "released by hand": (CHARGE, RELEASED, [], [], [change("released", "pi_1", 1000)]),
    "released by us": (replace(CHARGE, voided_at=START), RELEASED, [], [], []),
    "released by the end of the authorisation": (CHARGE, replace(RELEASED, expired=True), [], [], []),
    "cancelled before it was authorised": (CHARGE, replace(RELEASED, held=False), [], [], []),
    "authorised": (CHARGE, replace(INTENT, status="requires_capture", received=0), [], [], []),
    "an inquiry": (CHARGE, INTENT, [], [dispute("warning_needs_response")], []),
    "a dispute": (CHARGE, INTENT, [], [dispute("needs_response")], [change("disputed", "dp_1", 1000, "fraudulent")]),
    "a dispute that the bank decides on": (
        CHARGE,
        INTENT,
        [],
        [dispute("under_review", amount=400)],
        [change("disputed", "dp_1", 400, "fraudulent")],
    ),
    "a dispute won": (CHARGE, INTENT, [], [dispute("won")], [change("dispute_won", "dp_1", 1000, "fraudulent")]),
    "a dispute lost": (CHARGE, INTENT, [], [dispute("lost")], [change("dispute_lost", "dp_1", 1000, "fraudulent")]),
    "a dispute in another currency": (
        CHARGE,
        INTENT,
        [],
        [dispute("lost", currency="USD", amount=1170)],
        [change("dispute_lost", "dp_1", 1000, "fraudulent")],
    ),
    "a request that Stripe made after it was closed": (
        CHARGE,
        INTENT,
        [replace(requested(1, 300, "succeeded"), refund_id="re_1", closed=True), requested(2, 200, "succeeded")],
        [],
        [change("refunded", "re_1", 300)],
    ),
    "a closed request that was not made": (CHARGE, INTENT, [replace(requested(1, 300, "asked"), closed=True)], [], []),
    "everything": (
        CHARGE,
        replace(INTENT, received=900),
        [by_hand(1, 100, adjusted=100)],
        [dispute("needs_response", amount=800)],
        [
            change("refunded", "re_1", 100),
            change("captured", "pi_1", 900),
            change("disputed", "dp_1", 800, "fraudulent"),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_changes_are_those_that_stripe_shows_now(case: str) -> None:
    charge, intent, refunds, disputes, expected = CASES[case]
    assert changes_of(charge, intent, refunds, disputes) == expected


def test_amounts_are_in_the_minor_units_of_the_currency() -> None:
    charge, intent = replace(CHARGE, currency="ISK", amount=10), replace(INTENT, currency="ISK", received=700)
    assert changes_of(charge, intent, [], []) == [change("captured", "pi_1", 7)]


UNCREDITED: dict[str, tuple[list[RefundRow], dict[str, int]]] = {
    "no request": ([by_hand(1, 300)], {"stripe:re_1": 300}),
    "a request before it": ([requested(1, 300, "asked"), by_hand(2, 300)], {}),
    "a request before it for less": ([requested(1, 200, "asked"), by_hand(2, 300)], {"stripe:re_2": 100}),
    "a request after it": ([by_hand(1, 300), requested(2, 300, "asked")], {"stripe:re_1": 300}),
    "a request that was made": ([requested(1, 300, "succeeded"), by_hand(2, 300)], {"stripe:re_2": 300}),
    "recorded by the stream": ([by_hand(1, 300, adjusted=300)], {}),
    "failed": ([by_hand(1, 300, "failed")], {}),
    "one that failed before it was recorded": ([by_hand(1, 300, "failed"), by_hand(2, 300)], {"stripe:re_2": 300}),
    "one that failed after it was recorded": ([by_hand(1, 300, "failed", adjusted=300), by_hand(2, 300)], {}),
    "a request that fails once the refund by hand is recorded": (
        [requested(1, 300, "failed"), by_hand(2, 300, adjusted=300), by_hand(3, 400)],
        {"stripe:re_3": 100},
    ),
}


@pytest.mark.parametrize("case", UNCREDITED)
def test_a_refund_by_hand_is_a_change_as_far_as_no_request_and_no_stream_uses_it(case: str) -> None:
    rows, expected = UNCREDITED[case]
    assert uncredited(rows) == expected
