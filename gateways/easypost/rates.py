"""Rates of a shipment at EasyPost, and the choice of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateways.shipping import ServiceChoice


@dataclass(frozen=True, slots=True)
class Rate:
    """Price of one carrier's service for a shipment."""

    id: str
    carrier: str
    service: str
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.carrier} {self.service} {self.amount} {self.currency}"


class NoSuchRate(Exception):
    """No rate can be chosen. reason: names the rates offered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def lowest_rate(rates: Sequence[Rate], choice: ServiceChoice, currency: str | None) -> Rate:
    """Return the lowest rate of the chosen carrier and service: of the rates in this currency, else of all if they are in one.

    Raises NoSuchRate also where rates would have to be compared across currencies.
    """
    chosen = [rate for rate in rates if choice.admits(rate.carrier, rate.service)]
    if not chosen:
        raise NoSuchRate(f"no rate of {choice} is offered, only {_listed(rates)}")
    comparable = [rate for rate in chosen if rate.currency == currency] or chosen
    if len({rate.currency for rate in comparable}) > 1:
        raise NoSuchRate(f"rates are in several currencies and none in {currency}: {_listed(chosen)}")
    return min(comparable, key=lambda rate: rate.amount)


def _listed(rates: Iterable[Rate]) -> str:
    return ", ".join(map(str, sorted(rates, key=lambda rate: (rate.currency, rate.amount))))
