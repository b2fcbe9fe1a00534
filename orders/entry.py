"""Rules for the ids, texts and time of a new order; a stored order that breaks one stays readable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from orders.errors import Fault
from orders.fields import MAX_LINES, utc_time
from orders.ids import blank_problem, new_id_problem

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2201, 1, 1, tzinfo=UTC)
_TEXTS: Final = ("name", "line1", "city")


def entry_faults(entry: Mapping[object, object]) -> Iterator[Fault]:
    """Faults of the entry, a decoded JSON object. Values of the wrong type are left to the fields' own rules."""
    for name in ("orderId", "customerId"):
        yield from _fault(name, new_id_problem, entry.get(name))
    for index, line in enumerate(_objects(entry.get("items"))):
        for name in ("sku", "name"):
            yield from _fault(f"items[{index}].{name}", blank_problem, line.get(name))
    for address in _objects([entry.get("shippingAddress")]):
        for name in _TEXTS:
            yield from _fault(f"shippingAddress.{name}", blank_problem, address.get(name))
    yield from _time_faults(entry.get("placedAt"))


def _fault(path: str, problem_of: Callable[[str], str | None], value: object) -> Iterator[Fault]:
    problem = problem_of(value) if isinstance(value, str) else None
    if problem:
        yield Fault(path, problem)


def _objects(values: object) -> Iterator[Mapping[object, object]]:
    for value in values[:MAX_LINES] if isinstance(values, Sequence) else ():
        yield value if isinstance(value, Mapping) else {}


def _time_faults(value: object) -> Iterator[Fault]:
    try:
        time = utc_time(value)
    except ValueError:
        return
    if not _FIRST <= time < _LAST:
        yield Fault("placedAt", f"must lie in the years {_FIRST.year} to {_LAST.year - 1}, not in {time.year}")
