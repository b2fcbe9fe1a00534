"""localstripe, an independent replacement of Stripe, in a process of its own, and the money in its books."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from embedded.ports import HOST, free_ports
from tests.plain_http import plain_http
from tests.running_system import until

API_KEY = "sk_test_orders"
START_LIMIT = 60.0  # seconds
Json = dict[str, Any]


@dataclass(frozen=True)
class Money:
    """Stripe's amounts for an order, in Stripe's units. held: current authorisations."""

    charges: int = 0
    charged: int = 0
    refunds: int = 0
    refunded: int = 0
    held: int = 0


@dataclass(frozen=True)
class LocalStripe:
    """A running server, and a client of it."""

    address: str
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, **data: Any) -> Json:
        given = {"params": data} if method == "GET" else {"data": data}
        answer = await self.client.request(method, path, **given)  # type: ignore[arg-type]
        answer.raise_for_status()
        content: Json = answer.json() if answer.content else {}
        return content

    async def intents(self, order_id: str | None = None) -> list[Json]:
        """Every intent, or those whose metadata name the order."""
        every: list[Json] = (await self.ask("GET", "/v1/payment_intents", limit=10_000))["data"]
        return [each for each in every if order_id is None or each["metadata"].get("orderId") == order_id]

    async def refunds(self) -> list[Json]:
        every: list[Json] = (await self.ask("GET", "/v1/refunds", limit=10_000))["data"]
        return every

    async def money(self, order_id: str | None = None) -> Money:
        intents = await self.intents(order_id)
        taken = {each["id"]: each["amount"] for each in intents if each["status"] == "succeeded"}
        refunds = [each["amount"] for each in await self.refunds() if each["payment_intent"] in taken]
        held = sum(each["amount"] for each in intents if each["status"] == "requires_capture")
        return Money(len(taken), sum(taken.values()), len(refunds), sum(refunds), held)

    async def empty(self) -> None:
        await self.ask("DELETE", "/_config/data")


@asynccontextmanager
async def run_local_stripe(folder: Path) -> AsyncIterator[LocalStripe]:
    [port] = free_ports(1)
    with (folder / "localstripe.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"),
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://{HOST}:{port}"
        async with plain_http(address, auth=(API_KEY, ""), timeout=30) as client:
            server = LocalStripe(address, client)

            async def answers() -> bool:
                assert process.returncode is None, (folder / "localstripe.log").read_text()
                try:
                    await server.empty()
                except httpx.TransportError:
                    return False
                return True

            await until(answers, "localstripe answers", START_LIMIT)
            yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
