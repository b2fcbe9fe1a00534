"""An order that changes between the reads of an audit is judged by a second read, not by the mixture."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client

from audit import audit
from audit.report import MONEY
from gateways.books import GatewayBooks, OrderBooks
from open_work.open_orders import Prospects
from open_work.stranded import stranded
from orders.events import CancelledBy
from tests.integration.audit_harness import Books, opened_books

ORDER = "o-1"


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool) as opened:
        yield opened


class LateLedger(GatewayBooks):
    """The real ledger, with a callback before its first answer, after the streams were read."""

    def __init__(self, pool: asyncpg.Pool, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__(pool)
        self._happens: Callable[[], Awaitable[None]] | None = happens

    async def books(
        self, order_ids: Sequence[str] | None = None, *, after: str = "", limit: int = 1000
    ) -> list[OrderBooks]:
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return await super().books(order_ids, after=after, limit=limit)


async def test_an_order_that_is_paid_between_the_reads_is_not_found(books: Books) -> None:
    await books.place(ORDER)
    await books.project()

    async def is_paid() -> None:
        await books.confirm(ORDER)
        await books.pay(ORDER)

    report = await audit(replace(books.sources(), ledger=LateLedger(books.app.pool, is_paid)))
    assert report.findings == []


async def test_money_that_is_wrong_at_every_look_is_found_once(books: Books) -> None:
    await books.place(ORDER)
    await books.project()

    async def is_charged_unasked() -> None:
        await books.charge(ORDER)

    report = await audit(replace(books.sources(), ledger=LateLedger(books.app.pool, is_charged_unasked)))
    assert [(each.check, each.subject) for each in report.findings] == [(MONEY, ORDER)]


async def test_an_order_that_ends_between_the_reads_is_not_taken_for_lost(
    books: Books, temporal_client: Client
) -> None:
    order_id = f"o-{uuid4().hex[:12]}"
    await books.place(order_id)
    await books.passed_by_dispatcher()
    sources = books.sources(temporal_client)
    [lost] = await stranded(sources, Prospects(sources), [order_id])
    assert [prospect.fault for prospect in lost.still] == [f"workflow validate-order-{order_id} does not exist"]

    async def ends() -> None:
        await books.cancel(order_id, CancelledBy.VALIDATION)

    late = replace(sources, ledger=LateLedger(books.app.pool, ends))
    assert await stranded(late, Prospects(late), [order_id]) == []
