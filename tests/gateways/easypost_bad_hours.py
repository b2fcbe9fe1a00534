"""Refusals by EasyPost and its carriers that are not final."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.gateways.easypost_books import TOO_HEAVY, EasyPostBooks
from tests.gateways.easypost_server import EasyPostServer

# Messages of the carriers while none offers a rate.
NOT_FINAL: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("The carrier's system is temporarily unavailable, please try again later",),
    ("Weight service timed out: rate limit exceeded, retry",),
    ("Invalid shipper number",),
    (TOO_HEAVY, "Unable to retrieve rates at this time"),
)


@contextmanager
def without_rates(books: EasyPostBooks, *messages: str) -> Iterator[None]:
    books.no_rates = messages
    yield
    books.no_rates = None


@contextmanager
def refusing_to_sell(books: EasyPostBooks, code: str) -> Iterator[None]:
    books.refuses_to_sell = code
    yield
    books.refuses_to_sell = None


@contextmanager
def refusing(server: EasyPostServer, pattern: str, code: str) -> Iterator[None]:
    """Refuse the calls that the pattern finds."""
    server.fail(pattern, "status", remaining=None, status=422, error={"code": code, "message": "…", "errors": []})
    yield
    server.faults.clear()
