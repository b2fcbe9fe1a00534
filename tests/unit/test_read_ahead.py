"""Reading ahead: one page and no more, an error in place of its page, and no read left when the caller stops."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import pytest

from eventstore.read_ahead import read_ahead

_PAGES: Final = 5


class Source:
    """Pages 1 to 5, with the number of reads begun and ended. at: the page whose read fails, or never ends."""

    def __init__(self, *, fails_at: int = 0, hangs_at: int = 0) -> None:
        self.begun = self.ended = 0
        self._fails_at, self._hangs_at = fails_at, hangs_at
        self.closed = False

    async def pages(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(1, _PAGES + 1):
                self.begun += 1
                await asyncio.sleep(0)
                if number == self._hangs_at:
                    await asyncio.Event().wait()
                if number == self._fails_at:
                    raise ConnectionResetError("the database is away")
                self.ended += 1
                yield number
        finally:
            self.closed = True


Tasks = set[asyncio.Task[object]]


@pytest.fixture
async def before() -> Tasks:
    """Tasks of the loop that are none of the test's: other tests leave some of a browser's."""
    return asyncio.all_tasks()


def left_by_the_test(before: Tasks) -> Tasks:
    return asyncio.all_tasks() - before - {asyncio.current_task()}


async def test_all_pages_come_in_order(before: Tasks) -> None:
    assert [page async for page in read_ahead(Source().pages())] == [1, 2, 3, 4, 5]
    assert not left_by_the_test(before)


async def test_the_next_page_is_read_while_the_caller_works_without_awaiting() -> None:
    source = Source()
    async with aclosing(read_ahead(source.pages())) as pages:
        assert await anext(pages) == 1
        assert (source.begun, source.ended) == (2, 2)


async def test_at_most_one_page_is_read_before_it_is_wanted() -> None:
    source = Source()
    async with aclosing(read_ahead(source.pages())) as pages:
        async for page in pages:
            for _ in range(20):
                await asyncio.sleep(0)
            assert source.begun <= page + 1


async def test_an_error_is_raised_in_place_of_its_page(before: Tasks) -> None:
    source = Source(fails_at=3)
    pages = read_ahead(source.pages())
    assert [await anext(pages), await anext(pages)] == [1, 2]
    with pytest.raises(ConnectionResetError):
        await anext(pages)
    assert source.closed
    assert not left_by_the_test(before)


async def test_a_caller_that_stops_early_leaves_no_read_in_progress(before: Tasks) -> None:
    source = Source(hangs_at=2)
    async with asyncio.timeout(20), aclosing(read_ahead(source.pages())) as pages:
        assert await anext(pages) == 1
        assert source.begun == 2
    assert source.closed
    assert not left_by_the_test(before)


async def test_a_cancelled_caller_leaves_no_read_in_progress(before: Tasks) -> None:
    source = Source(hangs_at=2)
    begun = asyncio.Event()

    async def all_pages() -> None:
        async with aclosing(read_ahead(source.pages())) as pages:
            async for _ in pages:
                begun.set()

    reading = asyncio.create_task(all_pages())
    await asyncio.wait_for(begun.wait(), 20)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 20)
    assert source.closed
    assert not left_by_the_test(before)
