"""Bulk actions of the API: a result for each order, within bounds, stopped by closing the connection."""

import pytest
from temporalio.client import Client

from application.bulk_action import AT_ONCE
from order_streams import load_order
from orders.events import OrderHeld
from tests.integration.api_harness import KEYS, OPERATOR, READER, WRITER, Api, api, bearer, problem
from tests.integration.bulk_harness import Gate, finished, started
from tests.running_system import until
from web import bulk_actions, bulk_routes

REASON = {"reason": "carrier on strike"}


async def place(served: Api, count: int, prefix: str = "o") -> list[str]:
    return [await served.place(f"{prefix}-{number}") for number in range(count)]


async def on_hold(served: Api, ids: list[str]) -> set[str]:
    return {id_ for id_ in ids if (await load_order(served.app.orders, id_)).state.hold}


async def test_refused_orders_amid_good_ones_stop_nobody_and_each_has_its_result(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as served:
        await place(served, 3)
        await served.place("shipped")
        await served.ship("shipped")
        await served.place("held")
        assert (await served.post("/v1/orders/held/hold", REASON)).status_code == 202
        ids = ["o-0", "shipped", "none", "o-1", "held", "o-2", "o-0"]
        progress = await finished(served, "hold", {"orderIds": ids, **REASON})
        assert progress.orders == 6  # one of the seven was named twice
        assert progress.by_order() == {
            "o-0": "done",
            "o-1": "done",
            "o-2": "done",
            "held": "unchanged",
            "shipped": "refused",
            "none": "refused",
        }
        refused = {each["orderId"]: each for each in progress.results if each["result"] == "refused"}
        alone = problem(await served.post("/v1/orders/shipped/hold", REASON), 409, "illegal-transition")
        assert (refused["shipped"]["code"], refused["shipped"]["reason"]) == ("illegal-transition", alone["detail"])
        assert refused["none"]["code"] == "order-not-found"
        [done] = [each for each in progress.results if each["orderId"] == "o-0"]
        assert (done["status"], done["version"], done["code"], done["reason"]) == ("placed", 2, None, None)
        counts = {"orders": 6, "done": 3, "unchanged": 1, "refused": 2, "failed": 0, "left": 0, "reason": None}
        assert progress.ended == counts
        recorded, event = [each async for each in served.app.orders.events("order-o-0")][-1]
        assert isinstance(event, OrderHeld)
        assert event.reason == "carrier on strike"
        assert (recorded.metadata["actor"], recorded.metadata["bulk"]) == ("api:cyd", True)


async def test_every_act_takes_many_orders(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        ids = await place(served, 3)
        for path, body, status in (
            ("hold", REASON, "placed"),
            ("release", {}, "placed"),
            ("retry", REASON | {"carrier": "post"}, "placed"),
            ("cancel", REASON | {"by": "customer"}, "cancelled"),
            ("tag", {"tags": ["vip", "gift"]}, "cancelled"),
            ("untag", {"tags": ["gift"]}, "cancelled"),
        ):
            progress = await finished(served, path, {"orderIds": ids, **body})
            assert [each["result"] for each in progress.results] == ["done"] * 3, progress.results
            assert {each["status"] for each in progress.results} == {status}
        state = (await load_order(served.app.orders, "o-0")).state
        assert state.cancelled_by == "customer"  # type: ignore[union-attr]
        assert list(state.tags) == ["vip"]


async def test_closing_the_connection_stops_it_after_the_orders_in_progress(
    database_url: str, temporal_client: Client
) -> None:
    gate = Gate()
    async with api(database_url, temporal_client, adapt=gate.adapt) as served:
        ids = await place(served, 40)
        gate.close()
        async with started(served, "hold", {"orderIds": ids, **REASON}) as progress:
            for number in range(1, 8):
                gate.let_pass(1)
                while len(progress.results) < number:
                    assert await progress.next()
            await until(lambda: _is(gate.waiting == AT_ONCE), "the next orders are in progress")
        await until(lambda: _is(not served.system.bulk_actions.in_progress), "the server has seen the end")
        gate.open()
        changed = set(ids[: 7 + AT_ONCE])
        assert progress.by_order().keys() < changed
        await until(lambda: _holds(served, ids, changed), "the orders in progress are completed")
        assert gate.most == AT_ONCE
        again = await finished(served, "hold", {"orderIds": ids, **REASON})
        assert again.ended is not None
        assert (again.ended["unchanged"], again.ended["done"]) == (len(changed), 40 - len(changed))


async def _is(condition: bool) -> bool:
    return condition


async def _holds(served: Api, ids: list[str], wanted: set[str]) -> bool:
    found = await on_hold(served, ids)
    assert found <= wanted, f"acted on after the end: {found - wanted}"
    return found == wanted


async def test_a_repeated_request_acts_on_no_order_twice(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        ids = await place(served, 5)
        request = {"orderIds": ids, **REASON}
        assert (await finished(served, "hold", request, Idempotency_Key="k")).by_order() == dict.fromkeys(ids, "done")
        assert (await served.post("/v1/orders/o-1/release")).status_code == 202
        again = await finished(served, "hold", request, Idempotency_Key="k")
        assert again.by_order() == dict.fromkeys(ids, "unchanged")
        assert await on_hold(served, ids) == set(ids) - {"o-1"}
        other = await served.post("/v1/bulk-actions/hold", request | {"orderIds": ids[:1]}, Idempotency_Key="k")
        problem(other, 422, "idempotency-key-reused")


async def test_a_key_has_one_bulk_action_at_a_time_and_a_process_a_few(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "MAX_BULK_ACTIONS", 1)
    gate = Gate()
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR, adapt=gate.adapt) as served:
        request = {"orderIds": await place(served, 9), **REASON}
        gate.close()
        async with started(served, "cancel", request) as first:
            await first.next()
            second = await served.post("/v1/bulk-actions/cancel", request)
            problem(second, 429, "too-many-bulk-actions")
            other_key = await served.post("/v1/bulk-actions/cancel", request, **bearer(WRITER))
            problem(other_key, 503, "too-many-bulk-actions")
            assert second.headers["Retry-After"] == other_key.headers["Retry-After"] == "2"
            gate.open()
            await first.to_the_end()
        again = await finished(served, "cancel", request, **bearer(WRITER))
        assert again.by_order() == dict.fromkeys(request["orderIds"], "unchanged")


async def test_a_role_has_the_acts_that_it_has_on_one_order(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=WRITER) as served:
        ids = await place(served, 1)
        for path in ("hold", "release", "retry"):
            answer = await served.post(f"/v1/bulk-actions/{path}", {"orderIds": ids, **REASON})
            problem(answer, 403, "forbidden")
        problem(
            await served.post("/v1/bulk-actions/cancel", {"orderIds": ids, **REASON}, **bearer(READER)),
            403,
            "forbidden",
        )
        assert (await finished(served, "cancel", {"orderIds": ids, **REASON})).by_order() == {"o-0": "done"}


async def test_a_filter_selects_the_orders_that_it_finds_at_the_start(
    database_url: str, temporal_client: Client
) -> None:
    gate = Gate()
    async with api(database_url, temporal_client, adapt=gate.adapt) as served:
        ids = await place(served, 9)
        await served.place("another", customerId="BERGS")
        await served.place("shipped")
        await served.ship("shipped")
        await served.project()
        gate.close()
        path = "hold?status=placed&customerId=ALFKI"
        async with started(served, path, REASON) as progress:
            await progress.next()
            gate.open()
            await served.place("later")
            await served.project()
            await progress.to_the_end()
        assert progress.by_order() == dict.fromkeys(ids, "done")
        await served.project()
        assert (await finished(served, "release?waiting=true")).by_order() == dict.fromkeys(ids, "done")
        nothing = await finished(served, "hold?status=cancelled", REASON)
        assert (nothing.orders, nothing.results) == (0, [])


async def test_orders_are_named_or_filtered_and_no_more_than_the_limit(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api(database_url, temporal_client) as served:
        ids = await place(served, 4)
        await served.project()
        for path, body in (
            ("hold", REASON),
            ("hold?status=placed", {"orderIds": ids, **REASON}),
            ("hold", {"orderIds": [], **REASON}),
            ("hold", {"orderIds": ids}),
            ("hold", {"orderIds": ["a/b"], **REASON}),
            ("hold?statsu=placed", REASON),
            ("hold?waiting=false", REASON),
            ("release", None),
        ):
            problem(await served.post(f"/v1/bulk-actions/{path}", body), 422, "invalid-request")
        too_many = [f"order-{number}" for number in range(10_001)]
        refused = await served.post("/v1/bulk-actions/hold", {"orderIds": too_many, **REASON})
        [fault] = problem(refused, 422, "invalid-request")["errors"]
        assert fault["pointer"] == "/orderIds"
        assert "10,000" in fault["detail"]
        monkeypatch.setattr(bulk_routes, "MAX_ORDERS", 3)
        refused = await served.post("/v1/bulk-actions/hold?status=placed", REASON)
        assert "more than 3 orders" in problem(refused, 422, "too-many-orders")["detail"]
        assert await on_hold(served, ids) == set()
