"""Days of a time zone, as times in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)


class UnknownZone(ValueError):
    """There is no time zone of this name. Give a name of the IANA time zone database, such as Europe/Berlin."""

    def __init__(self, zone: str) -> None:
        super().__init__(f"there is no time zone {zone!r}: give a name of the IANA database, such as Europe/Berlin")
        self.zone = zone


@dataclass(frozen=True, slots=True)
class Day:
    """A day in a zone: its date, its first time in UTC, and that of the next day."""

    day: date
    since: datetime
    before: datetime


def zone_named(name: str) -> tzinfo:
    """The zone of an IANA name. Raises UnknownZone."""
    if name == "UTC":
        return UTC
    if name not in _names():
        raise UnknownZone(name)
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    """Return the names of the IANA database: without this machine's own zone, and copies that count leap seconds."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def days_between(first: date, last: date, zone: tzinfo) -> Iterator[Day]:
    """The days from the first to the last, both included; none where the last is before the first."""
    day, since = first, _start(first, zone)
    while day <= last:
        day, since, earlier = day + timedelta(days=1), _start(day + timedelta(days=1), zone), (day, since)
        yield Day(*earlier, since)


def _start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
