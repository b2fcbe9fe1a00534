"""Amounts of money: whole minor units and an ISO 4217 code, never a float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from orders.reference import currency_exponent


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency. May be negative: a balance can be."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        """The sum. Raises ValueError when the currencies differ."""
        return Money(self.amount + self._amount_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference. Raises ValueError when the currencies differ."""
        return Money(self.amount - self._amount_of(other), self.currency)

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)

    def _amount_of(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount


def largest_first(amounts: Mapping[str, int]) -> dict[str, int]:
    """Amounts by currency, in minor units, in the order of their major units: not of their value, as there are no rates."""
    return dict(sorted(amounts.items(), key=lambda each: (-_major(*each), each[0])))


def _major(currency: str, amount: int) -> Fraction:
    return Fraction(amount, 10 ** (currency_exponent(currency) or 0))


def format_money(amount: int, currency: str) -> str:
    """Minor units for people: 123450 USD is "1,234.50 USD", 500 JPY is "500 JPY"."""
    exponent = currency_exponent(currency)
    if exponent is None:
        return f"{amount:,} minor units of {currency}"
    whole, fraction = divmod(abs(amount), 10**exponent)
    sign = "-" if amount < 0 else ""
    decimals = f".{fraction:0{exponent}d}" if exponent else ""
    return f"{sign}{whole:,}{decimals} {currency}"
