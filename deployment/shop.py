"""Customers over HTTP: they place orders, ask again until they have an answer, and look how their orders ended."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any, Final

import httpx

from chaos.traffic import northwind_orders

KEY: Final = "laptop:operate:for-a-laptop-only"  # the default of docker-compose.yml
_AGAIN: Final = 0.3  # seconds between two attempts at a request
_LOOK: Final = 1.0  # seconds between two looks at the orders
_AT_ONCE: Final = 10
_FLOW_AT_MOST: Final = 120  # orders, so that a slow machine does not pile up more than it can work off
_ENDS: Final = ("shipped", "cancelled")
_LIMIT: Final = 300.0  # seconds without an order ending


class NotEnded(Exception):
    """Orders do not end; the message has their number and some of their statuses."""


@dataclass
class Shop:
    """One run of orders. prefix: of their ids; placed: those with an answer, with their content."""

    url: str
    prefix: str
    placed: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _contents: Iterator[dict[str, Any]] = field(default_factory=lambda: cycle(northwind_orders()))

    async def place(self, number: int) -> None:
        """So many orders, some at the same time. Returns once each has its answer."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(client: httpx.AsyncClient) -> None:
            async with gate:
                await self._place(client, self._next())

        async with self._client() as client, asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(one(client))

    async def place_again(self, order_ids: list[str]) -> None:
        """The same content under the same ids."""
        async with self._client() as client:
            for order_id in order_ids:
                await self._place(client, self.placed[order_id])

    @asynccontextmanager
    async def flowing(self, rate: float) -> AsyncIterator[None]:
        """Orders at a steady rate while the block runs, a bounded number; every customer has an answer behind it."""
        closing = asyncio.Event()
        async with self._client() as client, asyncio.TaskGroup() as group:
            group.create_task(self._flow(client, group, rate, closing))
            try:
                yield
            finally:
                closing.set()

    async def _flow(
        self, client: httpx.AsyncClient, group: asyncio.TaskGroup, rate: float, closing: asyncio.Event
    ) -> None:
        for _ in range(_FLOW_AT_MOST):
            group.create_task(self._place(client, self._next()))
            try:
                await asyncio.wait_for(closing.wait(), 1 / rate)
            except TimeoutError:
                continue
            return

    async def lost(self) -> list[str]:
        """The placed orders that the system does not know."""
        async with self._client() as client:
            return [each for each in self.placed if (await self._status(client, each)) is None]

    async def some_ended(self, number: int) -> None:
        """Wait until so many of the orders that were placed last have ended."""
        last = list(self.placed)[-2 * number :]
        async with self._client() as client:
            # The outside world sets no event.
            while sum([(await self._status(client, each)) in _ENDS for each in last]) < number:  # noqa: ASYNC110
                await asyncio.sleep(_AGAIN)

    async def all_ended(self) -> None:
        """Wait until every placed order has shipped or is cancelled. Raises NotEnded."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        async with self._client() as client:
            while still := [each for each in self.placed if each not in self.ended]:
                states = {each: await self._status(client, each) for each in still}
                new = {each: status for each, status in states.items() if status in _ENDS}
                self.ended |= new
                if new:
                    last = loop.time()
                elif loop.time() - last > _LIMIT:
                    raise NotEnded(f"{len(still)} of {len(self.placed)} orders do not end: {Counter(states.values())}")
                await asyncio.sleep(_LOOK)

    @property
    def tally(self) -> str:
        """The ends of all orders, for people."""
        number = Counter(self.ended.values())
        return f"{number['shipped']} shipped, {number['cancelled']} cancelled"

    def _next(self) -> dict[str, Any]:
        return {**next(self._contents), "orderId": f"{self.prefix}-{next(self._numbers):05}"}

    def _client(self) -> httpx.AsyncClient:
        key = KEY.rpartition(":")[2]
        return httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    async def _place(self, client: httpx.AsyncClient, order: dict[str, Any]) -> None:
        order_id = order["orderId"]
        headers = {"Idempotency-Key": f"place-{order_id}"}
        answer = await self._answer(client, "POST", "/v1/orders", json=order, headers=headers)
        if answer.status_code not in (httpx.codes.OK, httpx.codes.CREATED):
            raise NotEnded(f"{order_id} was refused: {answer.status_code} {answer.text}")
        self.placed[order_id] = order

    async def _status(self, client: httpx.AsyncClient, order_id: str) -> str | None:
        answer = await self._answer(client, "GET", f"/v1/orders/{order_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return str(answer.raise_for_status().json()["status"])

    async def _answer(self, client: httpx.AsyncClient, method: str, path: str, **given: Any) -> httpx.Response:
        """The answer, asked for again while the system is away or busy."""
        while True:
            try:
                answer = await client.request(method, path, **given)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.headers.get("Retry-After") is None:
                return answer
            self.repeated += 1
            await asyncio.sleep(_AGAIN)
