"""One effect and one answer for each Idempotency-Key, under every interruption."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from temporalio.client import Client

from bootstrap import App
from eventstore.command_handler import Handled
from orders.state import State
from tests.integration.api_harness import KEYS, OPERATOR, WRITER, Api, api, bearer, problem
from tests.integration.projections_harness import owner
from tests.running_system import order_data
from web.idempotency import Idempotency

DUPLICATES = 32


async def events(served: Api, order_id: str) -> list[str]:
    return [event.type async for event in served.app.store.stream(f"order-{order_id}")]


def refund(amount: int = 100, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "reason": "broken", **more}


async def test_given_the_same_request_again_then_the_first_answer_again(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        first = await served.post("/v1/orders", order_data("a"), Idempotency_Key="k1")
        again = await served.post("/v1/orders", order_data("a"), Idempotency_Key="k1")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert first.headers["location"] == again.headers["location"] == "/v1/orders/a"
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        await served.ship("a")
        one = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k2")
        two = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k2")
        other = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k3")
        assert one.json() == two.json()
        assert one.json()["refundId"] != other.json()["refundId"]
        assert (one.json()["refundable"], other.json()["refundable"]) == (2900, 2800)
        assert (await events(served, "a")).count("order.refund_requested") == 2


async def test_given_another_body_or_address_under_the_same_key_then_it_is_refused(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.place("b")
        await served.post("/v1/orders/a/hold", {"reason": "x"}, Idempotency_Key="k")
        for path, body in (
            ("/v1/orders/a/hold", {"reason": "y"}),
            ("/v1/orders/b/hold", {"reason": "x"}),
            ("/v1/orders/a/cancel", {"reason": "x"}),
        ):
            problem(await served.post(path, body, Idempotency_Key="k"), 422, "idempotency-key-reused")
        assert await events(served, "a") == ["order.placed", "order.held"]
        assert await events(served, "b") == ["order.placed"]


async def test_keys_of_one_caller_are_not_anothers(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as served:
        await served.place("a")
        mine = await served.post("/v1/orders/a/cancel", {"reason": "x"}, Idempotency_Key="k")
        theirs = await served.post("/v1/orders/a/cancel", {"reason": "y"}, Idempotency_Key="k", **bearer(WRITER))
        assert (mine.json()["changed"], theirs.json()["changed"]) == (True, False)


async def test_given_a_refusal_then_the_key_stays_free(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        problem(await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k"), 409, "illegal-transition")
        await served.ship("a")
        asked = await served.post("/v1/orders/a/refunds", refund(5), Idempotency_Key="k")
        assert asked.status_code == 202, "also for a request that was corrected"
        assert "idempotency-replayed" not in asked.headers


@pytest.mark.parametrize("key", ["", "a b", "é".encode().decode("latin-1"), "x" * 256])
async def test_a_key_that_is_none_is_refused(key: str, database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        headers = [(b"Idempotency-Key", key.encode("latin-1"))]
        answer = await served.http.post("/v1/orders", json=order_data("a"), headers=headers)
        assert problem(answer, 422, "invalid-request")["errors"][0]["parameter"] == "Idempotency-Key"


class Gate:
    """Order commands that wait for a release; `reached` once one waits."""

    def __init__(self, app: App, *, fail: Exception | None = None) -> None:
        self._orders, self._fail = app.orders, fail
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._orders, name)

    async def begin(self, *arguments: Any, **named: Any) -> Handled[State]:
        return await self._gated(self._orders.begin, *arguments, **named)

    async def handle(self, *arguments: Any, **named: Any) -> Handled[State]:
        return await self._gated(self._orders.handle, *arguments, **named)

    async def _gated(
        self, command: Callable[..., Awaitable[Handled[State]]], *arguments: Any, **named: Any
    ) -> Handled[State]:
        self.reached.set()
        await self.open.wait()
        handled = await command(*arguments, **named)
        if self._fail:
            fail, self._fail = self._fail, None
            raise fail
        return handled


async def test_given_the_first_still_running_then_409_and_afterwards_its_answer(
    database_url: str, temporal_client: Client
) -> None:
    gates: list[Gate] = []

    def gated(app: App) -> App:
        gates.append(Gate(app))
        return replace(app, orders=gates[0])  # type: ignore[arg-type]

    async with api(database_url, temporal_client, adapt=gated) as served:
        [gate] = gates
        first = asyncio.create_task(served.post("/v1/orders", order_data("a"), Idempotency_Key="k"))
        await gate.reached.wait()
        second = await served.post("/v1/orders", order_data("a"), Idempotency_Key="k")
        problem(second, 409, "idempotency-key-in-use")
        assert second.headers["retry-after"] == "1"
        gate.open.set()
        assert (await first).status_code == 201
        third = await served.post("/v1/orders", order_data("a"), Idempotency_Key="k")
        assert (third.status_code, third.headers["idempotency-replayed"]) == (201, "true")


async def test_given_the_database_gone_between_effect_and_answer_then_the_same_request_does_nothing_twice(
    database_url: str, temporal_client: Client
) -> None:
    def gated(app: App) -> App:
        gate = Gate(app, fail=asyncpg.ConnectionDoesNotExistError("gone"))
        gate.open.set()
        return replace(app, orders=gate)  # type: ignore[arg-type]

    async with api(database_url, temporal_client) as plain:
        await plain.place("a")
        await plain.ship("a")
    async with api(database_url, temporal_client, adapt=gated) as served:
        lost = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k")
        problem(lost, 503, "database-away")
        found = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k")
        assert found.status_code == 202
        assert found.json()["refundable"] == 2900
        assert (await events(served, "a")).count("order.refund_requested") == 1
        again = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k")
        assert (again.json(), again.headers["idempotency-replayed"]) == (found.json(), "true")
        problem(
            await served.post("/v1/orders/a/refunds", refund(200), Idempotency_Key="k"), 422, "idempotency-key-reused"
        )


async def test_given_a_process_that_died_before_it_stored_the_answer_then_the_effect_is_found_again(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.ship("a")
        first = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k")
        async with owner(database_url) as connection:
            # As a killed process leaves it: begun, without an owner.
            await connection.execute("update web.idempotency_keys set status = null, headers = null, body = null")
        problem(await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k"), 409, "idempotency-key-in-use")
        async with owner(database_url) as connection:
            await connection.execute("update web.idempotency_keys set locked_until = clock_timestamp()")
        again = await served.post("/v1/orders/a/refunds", refund(), Idempotency_Key="k")
        assert again.json() == first.json() | {"changed": False}
        assert (await events(served, "a")).count("order.refund_requested") == 1


async def concurrently(served: Api, path: str, body: Any, **headers: str) -> list[httpx.Response]:
    return list(await asyncio.gather(*(served.post(path, body, **headers) for _ in range(DUPLICATES))))


@pytest.mark.parametrize("keyed", [True, False])
async def test_given_twins_at_once_placing_then_one_order(
    keyed: bool, database_url: str, temporal_client: Client
) -> None:
    headers = {"Idempotency_Key": "k"} if keyed else {}
    async with api(database_url, temporal_client) as served:
        answers = await concurrently(served, "/v1/orders", order_data("a"), **headers)
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= ({201, 409} if keyed else {200, 201})
        first = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
        assert len(first) == 1
        assert await events(served, "a") == ["order.placed"]


async def test_given_refund_twins_at_once_then_one_refund(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.ship("a")
        for named in ({"Idempotency_Key": "k"}, {}):
            body = refund(100, refundId=f"r-{len(named)}")
            answers = await concurrently(served, "/v1/orders/a/refunds", body, **named)
            assert {answer.status_code for answer in answers} <= {202, 409}
            assert any(answer.status_code == 202 for answer in answers)
        answers = await concurrently(
            served, "/v1/orders/a/refunds", refund(100), Idempotency_Key="without an id".replace(" ", "-")
        )
        assert any(answer.status_code == 202 for answer in answers)
        assert (await events(served, "a")).count("order.refund_requested") == 3


async def test_keys_are_forgotten_after_a_day(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        for n in range(3):
            await served.post("/v1/orders/a/hold", {"reason": "x"}, Idempotency_Key=f"k{n}")
        async with owner(database_url) as connection:
            await connection.execute(
                "update web.idempotency_keys set created_at = created_at - $1::interval where key <> 'k2'",
                timedelta(hours=25),
            )
        again = await served.post("/v1/orders/a/hold", {"reason": "another"}, Idempotency_Key="k0")
        assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, None)
        assert await Idempotency(served.app.pool).prune() == 1
        kept = await served.app.pool.fetch("select key from web.idempotency_keys order by key")
        assert [row["key"] for row in kept] == ["k0", "k2"]


async def test_an_answer_of_whoever_lost_the_key_is_not_kept(database_url: str, temporal_client: Client) -> None:
    gates: list[Gate] = []

    def gated(app: App) -> App:
        gates.append(Gate(app))
        return replace(app, orders=gates[0])  # type: ignore[arg-type]

    async with api(database_url, temporal_client, adapt=gated) as served:
        late = asyncio.create_task(served.post("/v1/orders", order_data("a"), Idempotency_Key="k"))
        await gates[0].reached.wait()
        async with owner(database_url) as connection:
            await connection.execute("update web.idempotency_keys set owner = $1", uuid.uuid4())
        gates[0].open.set()
        assert (await late).status_code == 201
        assert await served.app.pool.fetchval("select status from web.idempotency_keys") is None
