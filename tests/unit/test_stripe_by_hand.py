"""Refunds by hand are credited to requests that are older than they are, each unit of money once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateways.stripe.refund_credits import RefundRow, manual_credits

START = datetime(2026, 5, 2, 12, tzinfo=UTC)


def requested(key: str, minute: float, amount: int, state: str = "asked", by_hand: int = 0) -> RefundRow:
    at = START + timedelta(minutes=minute)
    asking = amount - by_hand if by_hand < amount else None
    return RefundRow(key, "pi_1", None, amount, "USD", state, at, asking=asking, by_hand=by_hand)


def by_hand(key: str, minute: float, amount: int, state: str = "succeeded") -> RefundRow:
    at = START + timedelta(minutes=minute)
    return RefundRow(key, "pi_1", key, amount, "USD", state, at, manual=True)


def credited(*rows: RefundRow) -> dict[str, int]:
    return {key: amount for key, amount in manual_credits(rows).items() if amount}


def test_a_refund_by_hand_counts_towards_an_older_request_only() -> None:
    assert credited(requested("r", 1, 700), by_hand("h", 2, 700)) == {"r": 700}
    assert credited(requested("r", 2, 700), by_hand("h", 1, 700)) == {}
    # Stripe's times are whole seconds: a refund in the second of the request came after it.
    assert credited(requested("r", 1 + 0.9 / 60, 700), by_hand("h", 1, 700)) == {"r": 700}


def test_one_refund_by_hand_covers_one_request() -> None:
    two = [requested("r-1", 1, 400, "failed"), requested("r-2", 2, 400, "failed")]
    assert credited(*two, by_hand("h", 3, 400)) == {"r-1": 400}
    assert credited(*two, by_hand("h", 3, 500), by_hand("i", 4, 300)) == {"r-1": 400, "r-2": 400}


def test_a_refund_that_was_made_takes_no_credit_and_one_that_failed_gives_none() -> None:
    assert credited(requested("r-1", 1, 400, "succeeded"), requested("r-2", 2, 300), by_hand("h", 3, 300)) == {
        "r-2": 300
    }
    assert credited(requested("r", 1, 400), by_hand("h", 2, 400, "failed")) == {}


def test_a_credit_on_record_is_not_given_again() -> None:
    settled = requested("r-1", 2, 400, "settled", by_hand=400)
    assert credited(requested("r-0", 1, 400), settled, by_hand("h", 3, 400)) == {"r-1": 400}
    again = [settled, by_hand("h", 3, 400, "failed"), by_hand("i", 4, 400)]
    assert credited(*again) == {"r-1": 400, "h": 400}, "the failed refund by hand is the one that is owed"


ROWS = st.lists(
    st.builds(
        lambda n, minute, amount, kind: (
            requested(f"r{n}", minute, amount, kind) if kind != "manual" else by_hand(f"h{n}", minute, amount)
        ),
        st.integers(0, 10**9),
        st.integers(0, 9),
        st.integers(1, 9),
        st.sampled_from(["asked", "failed", "manual"]),
    ),
    max_size=8,
    unique_by=lambda row: row.key,
)


@given(ROWS)
def test_no_more_is_credited_than_was_given_or_is_owed(rows: list[RefundRow]) -> None:
    credits = manual_credits(rows)
    owed = {row.key: row.amount for row in rows if not row.manual}
    given_by_hand = sum(row.amount for row in rows if row.manual)
    assert all(0 <= amount <= owed.get(key, 0) for key, amount in credits.items())
    assert sum(credits.values()) <= min(sum(owed.values()), given_by_hand)
    for row in rows:
        later = sum(each.amount for each in rows if each.manual and each.at >= row.at)
        newer = sum(credits[each.key] for each in rows if not each.manual and each.at >= row.at)
        assert newer <= later
