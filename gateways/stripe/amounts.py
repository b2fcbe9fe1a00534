"""Conversion of amounts to Stripe's units, which differ from ISO 4217's minor units for some currencies.

Source: https://docs.stripe.com/currencies, sections "Zero-decimal currencies", "Three-decimal currencies", "Special
cases" and "Minimum and maximum charge amounts". An amount that Stripe cannot express is refused, never rounded.
"""

from typing import Final

from gateways.errors import AmountNotSupported
from orders.reference import currency_exponent

ZERO_DECIMAL: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMAL: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})  # whose last digit must be 0

# Zero-decimal currencies that Stripe represents with two decimals for backward compatibility: 5 ISK are sent as 500. UGX is
# in Stripe's zero-decimal table as well; its special case applies.
WHOLE_ONLY: Final = frozenset({"ISK", "UGX"})

_USUAL_MAXIMUM: Final = 99_999_999
_MAXIMA: Final = {"IDR": 999_999_999_999}


def to_stripe(amount: int, currency: str) -> int:
    """Convert minor units of ISO 4217 to Stripe's units, exactly. Raises AmountNotSupported."""
    numerator, denominator = _ratio(amount, currency)
    units, rest = divmod(amount * numerator, denominator)
    if rest:
        raise AmountNotSupported(amount, currency, "Stripe has no such fraction of the currency")
    if units % _step(currency):
        raise AmountNotSupported(amount, currency, f"Stripe takes multiples of {_step(currency)} only")
    if units > _MAXIMA.get(currency, _USUAL_MAXIMUM):
        raise AmountNotSupported(amount, currency, "it is above Stripe's maximum")
    return units


def from_stripe(units: int, currency: str) -> int:
    """Convert Stripe's units to minor units of ISO 4217, rounded down: only an amount made outside this system can have a
    fraction."""
    numerator, denominator = _ratio(units, currency)
    return units * denominator // numerator


def _ratio(amount: int, currency: str) -> tuple[int, int]:
    """Return factor and divisor from minor units to Stripe's units."""
    ours = currency_exponent(currency)
    if ours is None:
        raise AmountNotSupported(amount, currency, "it is no currency of ISO 4217")
    theirs = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    if ours > max(theirs, 2):
        raise AmountNotSupported(amount, currency, "Stripe does not know so many decimals of it")
    return 10 ** max(theirs - ours, 0), 10 ** max(ours - theirs, 0)


def _step(currency: str) -> int:
    return 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_ONLY else 1
