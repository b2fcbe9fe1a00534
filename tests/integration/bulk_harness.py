"""Bulk actions as seen by clients of the API."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bootstrap import App
from order_streams import BULK
from tests.integration.api_harness import Api
from tests.running_system import DEADLINE


@dataclass
class Progress:
    """The events of a bulk action, as they arrive. ended: the data of the last event."""

    lines: AsyncIterator[str]
    orders: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[str, Any] | None = None

    async def next(self) -> bool:
        """Read one event, within the deadline; False at the end of the stream."""
        name = ""
        async with asyncio.timeout(DEADLINE):
            async for line in self.lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._add(name, json.loads(line.removeprefix("data: ")))
                    return True
        return False

    async def to_the_end(self) -> "Progress":
        while await self.next():
            pass
        assert self.ended is not None, "the stream was cut"
        return self

    def by_order(self) -> dict[str, str]:
        return {each["orderId"]: each["result"] for each in self.results}

    def _add(self, name: str, data: dict[str, Any]) -> None:
        match name:
            case "start":
                self.orders = data["orders"]
            case "order":
                self.results.append(data)
            case "end":
                self.ended = data


@asynccontextmanager
async def started(served: Api, path: str, body: Any = None, **headers: str) -> AsyncIterator[Progress]:
    """A bulk action in progress; the end of the block closes its connection. headers: with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with served.http.stream("POST", f"/v1/bulk-actions/{path}", json=body, headers=named) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Progress(answer.aiter_lines())


async def finished(served: Api, path: str, body: Any = None, **headers: str) -> Progress:
    async with started(served, path, body, **headers) as progress:
        return await progress.to_the_end()


class Gate:
    """Lets acts of bulk actions pass one by one. waiting: number of acts that wait; most: the greatest it was."""

    def __init__(self) -> None:
        self._passes = asyncio.Semaphore(0)
        self._is_open = True
        self.waiting = 0
        self.most = 0

    def close(self) -> None:
        self._is_open = False

    def let_pass(self, acts: int) -> None:
        for _ in range(acts):
            self._passes.release()

    def open(self) -> None:
        """Let pass all that wait and will come."""
        self._is_open = True
        self.let_pass(self.waiting)

    def adapt(self, app: App) -> App:
        """The application with this gate before each command of a bulk action."""
        orders, gate = app.orders, self

        class Gated:
            def __getattr__(self, name: str) -> Any:
                return getattr(orders, name)

            async def handle(self, *arguments: Any, **options: Any) -> Any:
                if (options["metadata"] or {}).get(BULK):
                    await gate.passed()
                return await orders.handle(*arguments, **options)

        return replace(app, orders=Gated())  # type: ignore[arg-type]

    async def passed(self) -> None:
        if self._is_open:
            return
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            async with asyncio.timeout(DEADLINE):
                await self._passes.acquire()
        finally:
            self.waiting -= 1
