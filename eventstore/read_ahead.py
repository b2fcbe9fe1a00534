"""Reads one page ahead: the server and the socket work on the next page while the caller works on the last one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, TypeVar

P = TypeVar("P")
# Turns of the event loop after which a statement has been sent: a caller that works without awaiting would hold it back.
_TURNS: Final = 3


async def read_ahead(pages: AsyncGenerator[P, None]) -> AsyncGenerator[P, None]:
    """Yield the pages in order, at most one of them read before it is wanted. An error is raised in place of its page.

    Close it with `aclosing` where not all pages are wanted: that cancels the read in progress.
    """
    async with aclosing(pages):
        following = _read(pages)
        try:
            while (page := await following) is not None:
                following = _read(pages)
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                yield page
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _read(pages: AsyncIterator[P]) -> asyncio.Task[P | None]:
    async def read() -> P | None:
        return await anext(pages, None)

    return asyncio.create_task(read())
