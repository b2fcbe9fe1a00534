"""Adjustments of stock over HTTP: once for each request, recorded with the caller, refused with the present quantity."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from orders.adjustments import AdjustmentAction
from orders.commands import RecordAdjustment
from orders.interventions import RequestRefund
from tests.integration.api_harness import KEYS, OPERATOR, WRITER, Api, api, bearer, problem
from tests.running_system import order_data


async def given_level(served: Api, sku: str, available: int) -> None:
    answer = await served.post("/v1/inventory/levels", {"sku": sku, "available": available})
    assert answer.status_code == 201, answer.text


async def available(served: Api, sku: str) -> int:
    level = await served.app.stock.get(sku)
    assert level is not None
    return level.available


async def given_refunded(served: Api, order_id: str, *refunds: str) -> None:
    """A shipped order of two TEA-1, its units reserved, with refunds of 1."""
    await served.place(order_id)
    await served.app.stock.reserve(order_id, {"TEA-1": 2})
    await served.ship(order_id)
    await served.handle(order_id, *(RequestRefund(order_id, refund, 1, "x") for refund in refunds))


async def test_a_level_and_a_change_are_recorded_with_the_caller(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as served:
        await given_level(served, "TEA 1"[:3], 11)
        changed = await served.post("/v1/inventory/adjustments", {"sku": "TEA", "change": -2, "reason": "broken"})
        assert changed.status_code == 201
        document = changed.json()
        assert document == {
            **{"id": document["id"], "at": document["at"], "sku": "TEA", "kind": "adjust", "change": -2},
            **{"before": 11, "after": 9, "reason": "broken", "actor": "api:cyd", "orderId": None, "refundId": None},
        }
        listed = await served.get("/v1/inventory/adjustments", limit=1)
        assert listed["adjustments"] == [document]
        rest = await served.get("/v1/inventory/adjustments", limit=1, after=listed["after"], sku="TEA")
        assert [(each["kind"], each["after"]) for each in rest["adjustments"]] == [("set", 11)]
        assert rest["after"] is None


async def test_another_quantity_than_expected_is_refused_with_the_present_one(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await given_level(served, "TEA", 11)
        for path, body in (
            ("levels", {"sku": "TEA", "available": 20, "expect": 10}),
            ("adjustments", {"sku": "TEA", "change": 1, "reason": "x", "expect": 12}),
        ):
            refused = problem(await served.post(f"/v1/inventory/{path}", body), 409, "stock-changed")
            assert refused["level"] == {"sku": "TEA", "available": 11}
            assert "TEA has 11 units available" in refused["detail"]
        assert await available(served, "TEA") == 11
        level = {"sku": "TEA", "available": 20, "expect": 11}
        assert (await served.post("/v1/inventory/levels", level)).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"change": -12}, 409, "stock-out-of-range"),
        ({"sku": "none"}, 404, "sku-not-found"),
        ({"change": 0}, 422, "invalid-request"),
        ({"change": "+1"}, 422, "invalid-request"),
        ({"change": 2**63}, 422, "invalid-request"),
        ({"reason": " "}, 422, "invalid-request"),
        ({"sku": ""}, 422, "invalid-request"),
        ({"expect": -1}, 422, "invalid-request"),
        ({"level": 1}, 422, "invalid-request"),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    body: dict[str, Any], status: int, kind: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await given_level(served, "TEA", 11)
        asked = {"sku": "TEA", "change": 1, "reason": "x"} | body
        problem(await served.post("/v1/inventory/adjustments", asked), status, kind)
        assert await available(served, "TEA") == 11


async def test_a_repeated_request_changes_the_stock_once_even_where_its_answer_was_never_stored(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await given_level(served, "TEA", 11)
        body = {"sku": "TEA", "change": 5, "reason": "found"}
        first = await served.post("/v1/inventory/adjustments", body, Idempotency_Key="k")
        again = await served.post("/v1/inventory/adjustments", body, Idempotency_Key="k")
        assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
        await served.app.pool.execute("delete from web.idempotency_keys")
        assert (await served.post("/v1/inventory/adjustments", body, Idempotency_Key="k")).json() == first.json()
        assert await available(served, "TEA") == 16


async def test_only_an_operator_adjusts(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as served:
        for path, body in (
            ("/v1/inventory/levels", {"sku": "TEA", "available": 1}),
            ("/v1/inventory/adjustments", {"sku": "TEA", "change": 1, "reason": "x"}),
            ("/v1/orders/a/restocks", {"refundId": "r", "items": [{"sku": "TEA", "units": 1}], "reason": "x"}),
        ):
            problem(await served.post(path, body, **bearer(WRITER)), 403, "forbidden")


async def test_returned_units_go_back_once_for_each_refund(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await given_level(served, "TEA-1", 10)
        await given_refunded(served, "a", "r1", "r2")
        body = {"refundId": "r1", "items": [{"sku": "TEA-1", "units": 1}], "reason": "returned"}
        answers = await asyncio.gather(*(served.post("/v1/orders/a/restocks", body) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {201}
        assert sorted(answer.json()["changed"] for answer in answers) == [False] * 9 + [True]
        [entry] = answers[0].json()["adjustments"]
        assert (entry["kind"], entry["orderId"], entry["refundId"], entry["after"]) == ("restock", "a", "r1", 9)
        two = body | {"items": [{"sku": "TEA-1", "units": 2}]}
        problem(await served.post("/v1/orders/a/restocks", two), 409, "restock-conflict")
        problem(await served.post("/v1/orders/a/restocks", two | {"refundId": "r2"}), 409, "restock-exceeds-order")
        assert (await served.post("/v1/orders/a/restocks", body | {"refundId": "r2"})).json()["changed"]
        assert await available(served, "TEA-1") == 10
        assert await served.app.stock.books() == []


async def test_what_was_not_shipped_or_refunded_is_not_put_back(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await given_level(served, "TEA-1", 10)
        await given_refunded(served, "a", "r1")
        item = {"sku": "TEA-1", "units": 1}
        body = {"refundId": "r1", "items": [item], "reason": "x"}
        problem(await served.post("/v1/orders/a/restocks", body | {"refundId": "r9"}), 404, "refund-not-found")
        problem(await served.post("/v1/orders/a/restocks", body | {"items": [item, item]}), 422, "invalid-request")
        problem(await served.post("/v1/orders/a/restocks", body | {"items": []}), 422, "invalid-request")
        await served.post("/v1/orders", order_data("open"))
        refused = problem(await served.post("/v1/orders/open/restocks", body), 409, "illegal-transition")
        assert "no units to restock before it has shipped" in refused["detail"]
        await served.post("/v1/orders/open/cancel", {"reason": "x"})
        refused = problem(await served.post("/v1/orders/open/restocks", body), 409, "illegal-transition")
        assert "went back into stock by themselves" in refused["detail"]
        assert await available(served, "TEA-1") == 8


async def test_goods_come_back_for_a_refund_or_dispute_at_the_provider_too(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await given_level(served, "TEA-1", 10)
        await given_refunded(served, "a")
        changes: list[tuple[AdjustmentAction, str]] = [("refunded", "re_1"), ("disputed", "dp_1")]
        for action, reference in changes:
            await served.handle("a", RecordAdjustment("a", action, reference, "pay-a", 1500))
            body = {"refundId": reference, "items": [{"sku": "TEA-1", "units": 1}], "reason": "returned"}
            assert (await served.post("/v1/orders/a/restocks", body)).status_code == 201
        assert await available(served, "TEA-1") == 10
