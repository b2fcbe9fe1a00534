"""Filter of a list of orders, and its form in PostgreSQL's text search: one index finds any combination."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from orders.fields import MAX_AMOUNT
from orders.reference import country_code, currency_exponent
from projections.search_words import whole_words

# PostgreSQL's infinities, by the driver's convention.
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
MAX_SEARCH: Final = 256
"""Characters of a search text."""
_NO_MOST: Final = 10 ** len(str(MAX_AMOUNT)) - 1
_RESOLUTION: Final = timedelta(microseconds=1)


def _text_problem(text: str) -> str | None:
    return None if whole_words(text) else "must have a letter or a digit"


def _currency_problem(code: str) -> str | None:
    return "must be an ISO 4217 currency such as EUR" if currency_exponent(code) is None else None


def _country_problem(name: str) -> str | None:
    return "must be a country or its ISO 3166-1 code, such as DE" if country_code(name) is None else None


PROBLEMS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "text": _text_problem,
    "currency": _currency_problem,
    "country": _country_problem,
}
"""Problem of the value of a field, by itself; None for a valid one."""


class BadFilter(ValueError):
    """A filter that no order could match, or that has an unknown code. faults: each a field of OrderFilter with its problem.
    Correct the values."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field} {problem}" for field, problem in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Period:
    """Orders placed from one time on and before another, by the orders' own times, UTC; None: no bound."""

    since: datetime | None = None
    before: datetime | None = None

    @property
    def until(self) -> datetime:
        """The last time of the period: to the microsecond, as stored. Without a bound infinity, which no `<` would include."""
        if self.before is None:
            return LAST
        return self.before - _RESOLUTION if self.before > FIRST else FIRST


def period_of(since: datetime | None, before: datetime | None) -> Period | None:
    """The period between two bounds; None without any, so that a list is in the order of entry."""
    return Period(since, before) if since or before else None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Orders that fulfil all of these; None and empty: any.

    text: words, or beginnings of words, of the order's ids, customer, address, SKUs, payment and tracking number. statuses: one
    of them. on_hold: on hold or not. waiting: on hold, or waiting for another payment. min_total, max_total: minor units of
    `currency`. tags: all of them; metadata: each key with its value. period: lists by the orders' own time. Raises BadFilter.
    """

    text: str | None = None
    statuses: tuple[str, ...] = ()
    customer_id: str | None = None
    payment: str | None = None
    country: str | None = None
    on_hold: bool | None = None
    waiting: bool = False
    currency: str | None = None
    min_total: int | None = None
    max_total: int | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    period: Period | None = None

    def __post_init__(self) -> None:
        if faults := [*self._faults()]:
            raise BadFilter(faults)

    def _faults(self) -> Iterator[tuple[str, str]]:
        for name, problem_of in PROBLEMS.items():
            value = getattr(self, name)
            if value is not None and (problem := problem_of(value)):
                yield name, problem
        for name, bound in (("min_total", self.min_total), ("max_total", self.max_total)):
            if bound is not None and self.currency is None:
                yield name, "needs a currency"
        if (self.min_total or 0) > self._most:
            yield "min_total", "must be at most the upper bound of the total"

    @property
    def is_listed(self) -> bool:
        """True for filters with an index in the order of the list: at most one status, or a customer, whose orders are few."""
        return self.customer_id is not None or not self.conditions().keys() - {"status"}

    def conditions(self) -> dict[str, Any]:
        """Parameters of the list, by the names of its conditions in SQL."""
        query = self.query()
        one = len(self.statuses) == 1 and query == f"({_any_of(self.statuses)})"
        given = {
            "status": self.statuses[0] if one else None,
            "customer_id": self.customer_id,
            "facts": None if one else query or None,
            "least": self.min_total,
            "most": self.max_total,
            "tags": json.dumps(self.tags) if self.tags else None,
            "metadata": json.dumps(self.metadata) if self.metadata else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def query(self) -> str:
        """Query of the column `facts`: all but the customer, the period and exact totals; empty for all orders."""
        return " & ".join(f"({each})" for each in self._facts())

    @property
    def _most(self) -> int:
        return _NO_MOST if self.max_total is None else self.max_total

    def _facts(self) -> Iterator[str]:
        yield from (f"'{word}':*" if len(word) > 1 else f"'{word}'" for word in whole_words(self.text or ""))
        if self.statuses:
            yield _any_of(self.statuses)
        if self.payment is not None:
            yield f"'=payment:{self.payment}'"
        if self.country is not None:
            yield f"'=country:{country_code(self.country)}'"
        if self.on_hold is not None:
            yield f"'=hold:{'yes' if self.on_hold else 'no'}'"
        if self.waiting:
            yield "'=wait:yes'"
        if self.currency is not None:
            yield " | ".join(f"'=total:{self.currency}:{each}" for each in _totals(self.min_total or 0, self._most))


ALL_ORDERS: Final = OrderFilter()


def _any_of(statuses: Sequence[str]) -> str:
    return " | ".join(f"'=status:{status}'" for status in statuses)


def _totals(least: int, most: int) -> Iterator[str]:
    """Ends of the lexemes of all totals in a range: the number of digits and the first two, as in the migration of `facts`."""
    if (least, most) == (0, _NO_MOST):
        yield "':*"
        return
    for digits in range(len(str(least)), len(str(most)) + 1):
        first = int(str(least)[:2]) if digits == len(str(least)) else min(10 ** (digits - 1), 10)
        last = int(str(most)[:2]) if digits == len(str(most)) else 9 if digits == 1 else 99
        if digits > 1 and (first, last) == (10, 99):
            yield f"{digits}:':*"
        else:
            yield from (f"{digits}:{leading}'" for leading in range(first, last + 1))
