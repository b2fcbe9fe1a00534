"""Amounts in Stripe's units, against the table in its documentation: exact, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.errors import AmountNotSupported
from gateways.stripe.amounts import from_stripe, to_stripe

# Minor units of ISO 4217, currency, Stripe's units.
EXACT = [
    (1234, "USD", 1234),
    (500, "JPY", 500),
    (0, "EUR", 0),
    (1200, "MGA", 12),  # two decimals in ISO, none at Stripe
    (5, "ISK", 500),  # none in ISO, two at Stripe
    (5, "UGX", 500),
    (1045, "HUF", 1045),
    (80_045, "TWD", 80_045),
    (5120, "KWD", 5120),
    (99_999_999, "USD", 99_999_999),
    (99_999_999, "JPY", 99_999_999),
    (999_999, "ISK", 99_999_900),
    (999_999_999_999, "IDR", 999_999_999_999),
]
REFUSED = [
    (1234, "MGA", "no such fraction"),
    (5124, "KWD", "multiples of 10"),
    (1, "BHD", "multiples of 10"),
    (100_000_000, "USD", "above Stripe's maximum"),
    (1_000_000, "ISK", "above Stripe's maximum"),
    (1_000_000_000_000, "IDR", "above Stripe's maximum"),
    (1000, "IQD", "so many decimals"),
    (10_000, "CLF", "so many decimals"),
    (1, "XXX", "no currency"),
]


@pytest.mark.parametrize(("amount", "currency", "units"), EXACT)
def test_given_an_amount_that_stripe_can_express_then_it_goes_and_comes_back_exactly(
    amount: int, currency: str, units: int
) -> None:
    assert to_stripe(amount, currency) == units
    assert from_stripe(units, currency) == amount


@pytest.mark.parametrize(("amount", "currency", "why"), REFUSED)
def test_given_an_amount_that_stripe_cannot_express_then_it_is_refused_with_the_reason(
    amount: int, currency: str, why: str
) -> None:
    with pytest.raises(AmountNotSupported, match=why) as refusal:
        to_stripe(amount, currency)
    assert (refusal.value.amount, refusal.value.currency) == (amount, currency)


@given(st.integers(0, 10**13), st.sampled_from(["USD", "JPY", "MGA", "ISK", "UGX", "KWD", "TND", "IDR", "KRW", "TWD"]))
def test_given_any_amount_then_what_is_not_refused_comes_back_as_it_went(amount: int, currency: str) -> None:
    try:
        units = to_stripe(amount, currency)
    except AmountNotSupported:
        return
    assert from_stripe(units, currency) == amount
