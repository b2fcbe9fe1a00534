"""Pages of a list: complete and without repetition while rows are added, at any depth."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Page(Generic[T, C]):
    """Some rows, and the cursor `after` which the next page begins; None on the last."""

    rows: list[T]
    after: C | None


def at_least_one(limit: int) -> int:
    """The limit of a page. Raises ValueError."""
    if limit < 1:
        raise ValueError(f"limit is {limit}, a page has at least one row")
    return limit
