"""Refunds that Stripe lists: those that moved money, and the uncaptured rest of an authorisation, which moved none."""

from typing import Any

import pytest
import stripe

from gateways.stripe.objects import refund_of

CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "made": ({"status": "succeeded", "balance_transaction": "txn_1"}, True),
    "pending, with no balance transaction yet": ({"status": "pending", "balance_transaction": None}, True),
    "the uncaptured rest": ({"status": "succeeded", "balance_transaction": None}, False),
    "with our key, without other fields": (
        {"status": "succeeded", "balance_transaction": None, "metadata": {"key": "o-1:refund"}},
        True,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refund_counts_if_it_moved_money_or_is_ours(case: str) -> None:
    values, counts = CASES[case]
    listed = {"id": "re_1", "amount": 100, "created": 1, "payment_intent": "pi_1", "metadata": {}, **values}
    assert refund_of(stripe.Refund.construct_from(listed, "sk_test")).moved_money is counts
