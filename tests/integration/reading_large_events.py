"""A process that reads the log as the readers do, and prints the additional memory in MB."""

import asyncio
import resource
import sys

from bootstrap import build_app
from eventstore.pool import open_pool
from settings import Settings


async def read(database_url: str) -> None:
    async with open_pool(database_url, size=4) as pool:
        app = build_app(Settings(database_url=database_url), pool)
        await app.store.read_all(limit=1)
        rest = _peak()
        for projector in app.projectors():
            while await projector.step():
                pass
        position = 0
        while (page := await app.store.read_all(after=position)).more:
            position = page.position
        print(_peak() - rest)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1]))
