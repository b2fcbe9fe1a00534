"""Ends of a bulk action: an outage, a bug at one order, and a stop of the server."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import Client

from application.bulk_action import AT_ONCE
from bootstrap import App
from order_streams import load_order
from tests.integration.api_harness import Api, api
from tests.integration.bulk_harness import Gate, finished, started
from tests.running_system import DEADLINE, until
from web import bulk_actions

REASON = {"reason": "carrier on strike"}


async def place(served: Api, count: int, prefix: str = "o") -> list[str]:
    return [await served.place(f"{prefix}-{number}") for number in range(count)]


async def on_hold(served: Api, ids: list[str]) -> set[str]:
    return {id_ for id_ in ids if (await load_order(served.app.orders, id_)).state.hold}


async def test_an_outage_ends_it_and_a_bug_at_one_order_does_not(database_url: str, temporal_client: Client) -> None:
    def fail_at(name: str, error: Exception) -> Callable[[App], App]:
        def adapt(app: App) -> App:
            class Failing:
                def __getattr__(self, attribute: str) -> Any:
                    return getattr(app.orders, attribute)

                async def handle(self, stream: str, *arguments: Any, **options: Any) -> Any:
                    if stream == name:
                        raise error
                    return await app.orders.handle(stream, *arguments, **options)

            return replace(app, orders=Failing())  # type: ignore[arg-type]

        return adapt

    async with api(database_url, temporal_client) as plain:
        ids = await place(plain, 30)
    request = {"orderIds": ids, **REASON}
    async with api(database_url, temporal_client, adapt=fail_at("order-o-3", KeyError("a bug"))) as served:
        progress = await finished(served, "hold", request)
        assert progress.by_order() == dict.fromkeys(ids, "done") | {"o-3": "failed"}
        [failed] = [each for each in progress.results if each["result"] == "failed"]
        assert failed["code"] == "internal-error"
    async with api(database_url, temporal_client, adapt=fail_at("order-o-3", ConnectionResetError("gone"))) as served:
        progress = await finished(served, "release", {"orderIds": ids})
        assert progress.ended is not None
        assert progress.ended["reason"] == "the database does not answer: try again later"
        assert progress.ended["failed"] == 1
        begun = 30 - progress.ended["left"]
        assert len(progress.results) == begun <= 3 + 1 + AT_ONCE
        assert await on_hold(served, ids) == set(ids[begun:])


async def test_something_arrives_while_an_order_takes_long_and_a_stop_of_the_server_ends_it_in_order(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "PING_SECONDS", 0.05)
    gate = Gate()
    async with api(database_url, temporal_client, adapt=gate.adapt) as served:
        ids = await place(served, 12)
        gate.close()
        async with started(served, "hold", {"orderIds": ids, **REASON}) as progress:
            async with asyncio.timeout(DEADLINE):
                async for line in progress.lines:
                    if line.startswith(":"):
                        break
            stopping = asyncio.create_task(served.stop())
            await until(lambda: _is(served.serving.cancelling() > 0), "the server stops")
            gate.open()
            await progress.to_the_end()
            await stopping
        assert progress.ended is not None
        assert progress.ended["done"] == AT_ONCE
        assert progress.ended["left"] == 12 - AT_ONCE
        assert progress.ended["reason"] == "the server stops: send the request again"
        assert await on_hold(served, ids) == set(ids[:AT_ONCE])


async def test_the_server_stops_after_the_orders_in_progress_of_a_client_that_is_gone(
    database_url: str, temporal_client: Client
) -> None:
    gate = Gate()
    async with api(database_url, temporal_client, adapt=gate.adapt) as served:
        ids = await place(served, AT_ONCE)
        gate.close()
        async with started(served, "hold", {"orderIds": ids, **REASON}):
            await until(lambda: _is(gate.waiting == AT_ONCE), "the orders are in progress")
        await until(lambda: _is(not served.system.bulk_actions.in_progress), "the server has seen the end")
        stopping = asyncio.create_task(served.stop())
        done, _ = await asyncio.wait({stopping}, timeout=0.5)
        assert not done, "stopped with orders in progress"
        gate.open()
        await stopping
        assert await on_hold(served, ids) == set(ids)


async def _is(condition: bool) -> bool:
    return condition
