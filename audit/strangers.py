"""Money, labels and goods in the name of orders that do not exist."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from audit.report import LABELS, MONEY, STOCK, Finding
from gateways.books import OrderBooks
from inventory.stock import Stock
from open_work.sources import Sources
from order_streams.folded import without_stream
from orders.money import format_money

_PAGE: Final = 1_000


async def audit_strangers(sources: Sources) -> AsyncIterator[Finding]:
    """Goes through the gateways' and the inventory's own books, since the streams do not lead there."""
    async for books in _pages_of_books(sources):
        unknown = await without_stream(sources.pool, {each.order_id for each in books})
        for each in books:
            if each.order_id in unknown:
                for finding in _of_books(each):
                    yield finding
    async for page in _pages_of_reservations(sources.stock):
        for order_id in sorted(await without_stream(sources.pool, page)):
            yield Finding(STOCK, order_id, "holds goods, and no such order was ever placed")


def _of_books(books: OrderBooks) -> Iterable[Finding]:
    if books.charged:
        amount = format_money(books.charged, books.currency or "")
        yield Finding(MONEY, books.order_id, f"was charged {amount}, and no such order was ever placed")
    if books.live_labels:
        problem = f"has {books.live_labels} live labels, and no such order was ever placed"
        yield Finding(LABELS, books.order_id, problem)


async def _pages_of_books(sources: Sources) -> AsyncIterator[list[OrderBooks]]:
    after = ""
    while page := await sources.ledger.books(after=after, limit=_PAGE):
        yield page
        after = page[-1].order_id


async def _pages_of_reservations(stock: Stock) -> AsyncIterator[Sequence[str]]:
    after = ""
    while page := await stock.orders_with_units(after, _PAGE):
        yield page
        after = page[-1]
