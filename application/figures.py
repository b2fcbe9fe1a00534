"""Figures of days in a zone: the same document for CLI, API and page."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import Field

from application.documents import Amount, Document
from projections.days import FIRST_DAY, LAST_DAY, Day, days_between, zone_named
from projections.queries import Figures, Queries, ShippingTimes

MAX_DAYS: Final = 366
MAX_DAYS_OF_TIMES: Final = 31  # which are read from the orders themselves


class BadPeriod(ValueError):
    """A period that has no figures, with the `fault`: `from` or `to`."""

    def __init__(self, fault: str, problem: str) -> None:
        super().__init__(f"{fault} {problem}")
        self.fault, self.problem = fault, problem


class CurrencyFigures(Document):
    """Occurrences of a day in a currency: their number, and their sum. placed counts by the order's own time, the rest by the
    time of recording. charged: less money that the provider did not capture or has released. refunded: money returned in any
    way, lost disputes included, less the money of disputes won."""

    currency: str
    placed: int
    placed_amount: Amount
    charged: int
    charged_amount: Amount
    shipped: int
    shipped_amount: Amount
    cancelled: int
    refunded: int
    refunded_amount: Amount


class DayFigures(Document):
    """A day in the zone, from `since` on and before `before`. currencies: those with an occurrence."""

    day: date
    since: datetime
    before: datetime
    currencies: list[CurrencyFigures]


class FiguresDocument(Document):
    """Figures of each day of a period. zone: the time zone of the days."""

    zone: str
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    days: list[DayFigures]


class DayShippingTimes(Document):
    """Time from placed to shipped of the orders placed on a day of the zone that have shipped, `orders` many: half of them
    took at most `medianSeconds`, nine of ten at most `ninetiethSeconds`; both null without such an order."""

    day: date
    since: datetime
    before: datetime
    orders: int
    median_seconds: float | None
    ninetieth_seconds: float | None


class ShippingTimesDocument(Document):
    """Shipping times of each day of a period. zone: the time zone of the days."""

    zone: str
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    days: list[DayShippingTimes]


async def figures_document(queries: Queries, days: Sequence[Day], zone: str) -> FiguresDocument:
    """Figures of the days of a period, which are those of `zone`."""
    by_day: dict[date, list[Figures]] = {each.day: [] for each in days}
    for found in await queries.figures(days):
        by_day[found.day].append(found)
    return FiguresDocument(
        zone=zone, first=days[0].day, last=days[-1].day, days=[_day(each, by_day[each.day]) for each in days]
    )


async def shipping_times_document(queries: Queries, days: Sequence[Day], zone: str) -> ShippingTimesDocument:
    """Shipping times of the days of a period, which are those of `zone`."""
    found = {each.day: each for each in await queries.shipping_times(days)}
    return ShippingTimesDocument(
        zone=zone, first=days[0].day, last=days[-1].day, days=[_times(each, found.get(each.day)) for each in days]
    )


def period_days(first: date | None, last: date | None, zone: str, longest: int = MAX_DAYS) -> list[Day]:
    """The days from the first to the last, both included. Default: to today, from the last day.

    Raises UnknownZone, BadPeriod.
    """
    of_zone = zone_named(zone)
    last = last or datetime.now(of_zone).date()
    first = first or last
    for fault, day in (("to", last), ("from", first)):
        if not FIRST_DAY <= day <= LAST_DAY:
            raise BadPeriod(fault, f"must be from {FIRST_DAY} to {LAST_DAY}")
    if last < first:
        raise BadPeriod("to", f"is before the first day, {first}")
    if (last - first).days >= longest:
        raise BadPeriod("from", f"must be less than {longest} days before the last day, {last}")
    return list(days_between(first, last, of_zone))


def _day(day: Day, found: list[Figures]) -> DayFigures:
    currencies = [CurrencyFigures.model_validate(each) for each in found]
    return DayFigures(day=day.day, since=day.since, before=day.before, currencies=currencies)


def _times(day: Day, found: ShippingTimes | None) -> DayShippingTimes:
    return DayShippingTimes(
        day=day.day,
        since=day.since,
        before=day.before,
        orders=found.orders if found else 0,
        median_seconds=found.median if found else None,
        ninetieth_seconds=found.ninetieth if found else None,
    )
