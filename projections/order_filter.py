"""Filter of a list of orders, and its form in PostgreSQL's text search: one index finds any combination."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from orders.fields import MAX_AMOUNT
from orders.reference import country_code, currency_exponent
from projections.search_words import whole_words

# PostgreSQL's infinities, by the driver's convention.
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
MAX_SEARCH: Final = 256
"""Characters of a search text."""
_RESOLUTION: Final = timedelta(microseconds=1)


class BadFilter(ValueError):
    """A filter that no order could match, or that has an unknown code. field: of OrderFilter. Correct the value."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field, self.problem = field, problem


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


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Orders that fulfil all of these; None and empty: any.

    text: words, or beginnings of words, of the order's ids, customer, address, SKUs, payment and tracking number. statuses: one
    of them. on_hold: on hold or not. waiting: on hold, or waiting for another payment. min_total, max_total: minor units of
    `currency`. period: lists by the orders' own time. Raises BadFilter.
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
    period: Period | None = None

    def __post_init__(self) -> None:
        if self.text is not None and not whole_words(self.text):
            raise BadFilter("text", "must have a letter or a digit")
        if self.currency is not None and currency_exponent(self.currency) is None:
            raise BadFilter("currency", "must be an ISO 4217 currency such as EUR")
        if self.country is not None and country_code(self.country) is None:
            raise BadFilter("country", "must be a country or its ISO 3166-1 code, such as DE")
        for field, bound in (("min_total", self.min_total), ("max_total", self.max_total)):
            if bound is not None and self.currency is None:
                raise BadFilter(field, "needs a currency")
        if self.least > self.most:
            raise BadFilter("min_total", "must not be above the largest total")

    @property
    def least(self) -> int:
        """The smallest total."""
        return self.min_total or 0

    @property
    def most(self) -> int:
        """The largest total."""
        return MAX_AMOUNT if self.max_total is None else self.max_total

    @property
    def status(self) -> str | None:
        """The only status; None where several, or all, are wanted."""
        return self.statuses[0] if len(self.statuses) == 1 else None

    def query(self) -> str:
        """Query of the column `facts`: all but the customer, the period and exact totals; empty for all orders."""
        return " & ".join(f"({each})" for each in self._conditions())

    def _conditions(self) -> Iterator[str]:
        yield from (f"'{word}':*" if len(word) > 1 else f"'{word}'" for word in whole_words(self.text or ""))
        if self.statuses:
            yield " | ".join(f"'status={status}'" for status in self.statuses)
        if self.payment is not None:
            yield f"'payment={self.payment}'"
        if self.country is not None:
            yield f"'country={country_code(self.country)}'"
        if self.on_hold is not None:
            yield f"'hold={'yes' if self.on_hold else 'no'}'"
        if self.waiting:
            yield "'wait=yes'"
        if self.currency is not None:
            yield " | ".join(f"'total={self.currency}:{each}" for each in _totals(self.least, self.most))


ALL_ORDERS: Final = OrderFilter()


def _totals(least: int, most: int) -> Iterator[str]:
    """Ends of the lexemes of all totals in a range: the number of digits and the first two, as in the migration of `facts`."""
    if (least, most) == (0, MAX_AMOUNT):
        yield "':*"
        return
    for digits in range(len(str(least)), len(str(most)) + 1):
        first = int(str(least)[:2]) if digits == len(str(least)) else min(10 ** (digits - 1), 10)
        last = int(str(most)[:2]) if digits == len(str(most)) else 9 if digits == 1 else 99
        if digits > 1 and (first, last) == (10, 99):
            yield f"{digits}:':*"
        else:
            yield from (f"{digits}:{leading}'" for leading in range(first, last + 1))
