"""POST: commands on orders, and the form of refusals."""

from typing import Any

import pytest
from temporalio.client import Client

from open_work.kinds import KINDS
from orders.commands import CancelOrder
from orders.events import CancelledBy
from tests.integration.api_harness import Api, api, api_of, problem
from tests.integration.projections_harness import owner
from tests.running_system import order_data, running_system, until
from web.known_errors import json_pointer


async def test_an_order_is_placed_once_and_another_one_under_its_id_is_refused(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        first = await served.post("/v1/orders", order_data("a é&"[:3]))
        assert first.status_code == 422
        first = await served.post("/v1/orders", order_data("aé"))
        assert (first.status_code, first.headers["location"]) == (201, "/v1/orders/a%C3%A9")
        assert first.json() == {"orderId": "aé", "changed": True, "status": "placed", "version": 1, "position": 1}
        assert (await served.get(first.headers["location"]))["orderId"] == "aé"
        again = await served.post("/v1/orders", order_data("aé"))
        assert (again.status_code, again.json()) == (200, first.json() | {"changed": False})
        other = problem(await served.post("/v1/orders", order_data("aé", quantity=3)), 409, "order-already-exists")
        assert other["detail"] == "order aé was already placed with different items, total"


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"total": 1}, {"/total": "must be the sum of lines and adjustments, 3,000, not 1"}),
        ({"customerId": "a/b"}, {"/customerId": 'must not contain "/"'}),
        ({"currency": "XXX"}, {"/currency": 'must be an ISO 4217 currency such as EUR, not "XXX"'}),
        ({"items": []}, {"/items": "must have at least one entry"}),
        ({"more": 1, "a/b~c": 2}, {"/more": "is not a known field", "/a~1b~0c": "is not a known field"}),
        (
            {"items": [{"sku": "A", "name": "x", "quantity": 0, "unitPrice": 1.5}], "shippingAddress": None},
            {
                "/items/0/quantity": "must be at least 1, not 0",
                "/items/0/unitPrice": "must be a whole number, not 1.5",
                "/shippingAddress": "must be an object, not null",
            },
        ),
        ({"placedAt": "2024-01-01"}, {"/placedAt": "must be a time such as 2026-01-31T09:30:00Z"}),
    ],
)
async def test_an_order_with_faults_is_told_all_of_them(
    changes: dict[str, Any], faults: dict[str, str], database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        answer = await served.post("/v1/orders", {**order_data("a"), **changes})
        document = problem(answer, 422, "invalid-request")
        assert {fault["pointer"]: fault["detail"] for fault in document["errors"]} == faults
        assert document["detail"] == "order a is invalid"
        assert await served.app.store.head() == 0


async def test_a_field_that_is_there_twice_is_refused_in_an_order(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        answer = await served.http.post(
            "/v1/orders", content=b'{"orderId": "a", "orderId": "b"}', headers={"Content-Type": "application/json"}
        )
        faults = problem(answer, 422, "invalid-request")["errors"]
        assert {"pointer": "", "detail": 'has the field "orderId" twice'} in faults


def test_a_path_becomes_a_json_pointer() -> None:
    assert json_pointer("") == ""
    assert json_pointer("items[3].quantity") == "/items/3/quantity"
    assert json_pointer('shippingAddress."a.b[0]"') == "/shippingAddress/a.b[0]"


async def test_hold_release_and_cancel_say_where_the_order_stands(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        held = await served.post("/v1/orders/a/hold", {"reason": "odd"})
        assert held.status_code == 202
        assert held.json() == {
            "orderId": "a",
            "changed": True,
            "status": "placed",
            "paymentState": "none",
            "onHold": True,
            "version": 2,
            "position": 2,
        }
        assert (await served.post("/v1/orders/a/hold", {"reason": "again"})).json() == held.json() | {"changed": False}
        released = (await served.post("/v1/orders/a/release", {})).json()
        assert (released["changed"], released["onHold"]) == (True, False)
        without_body = await served.http.post("/v1/orders/a/release")
        assert (without_body.status_code, without_body.json()["changed"]) == (202, False)
        cancelled = (await served.post("/v1/orders/a/cancel", {"reason": "no", "by": "customer"})).json()
        assert (cancelled["changed"], cancelled["status"]) == (True, "cancelled")
        found = await served.get("/v1/orders/a")
        assert found["cancellation"] == {"reason": "no", "cancelledBy": "customer", "shortages": []}
        again = (await served.post("/v1/orders/a/cancel", {"reason": "no"})).json()
        assert again["changed"] is False


async def test_what_an_order_does_not_allow_is_refused_with_where_it_stands(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("shipped")
        await served.ship("shipped")
        await served.place("cancelled")
        await served.handle("cancelled", CancelOrder("cancelled", "x", CancelledBy.OPERATOR))
        why = {"reason": "x"}
        refused = [
            ("/v1/orders/shipped/cancel", why, "order-not-cancellable", "can no longer be cancelled: it is shipped"),
            ("/v1/orders/shipped/hold", why, "illegal-transition", "cannot be held: it is shipped"),
            ("/v1/orders/shipped/release", {}, "illegal-transition", "cannot be released: it is shipped"),
            ("/v1/orders/cancelled/hold", why, "illegal-transition", "cannot be held: it is cancelled"),
            ("/v1/orders/cancelled/refunds", {**why, "amount": 1}, "illegal-transition", "goes back by itself"),
            ("/v1/orders/shipped/refunds", {**why, "amount": 3001}, "refund-out-of-range", "30.00 EUR can be refunded"),
        ]
        for path, body, kind, detail in refused:
            assert detail in problem(await served.post(path, body), 409, kind)["detail"]
        for action in ("cancel", "hold", "retry"):
            problem(await served.post(f"/v1/orders/none/{action}", why), 404, "order-not-found")


async def test_a_refund_is_asked_for_once_under_its_id(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.ship("a")
        body = {"amount": 1000, "reason": "broken", "refundId": "r1"}
        first = (await served.post("/v1/orders/a/refunds", body)).json()
        assert {name: first[name] for name in ("changed", "refundId", "amount", "currency", "refundable")} == {
            "changed": True,
            "refundId": "r1",
            "amount": 1000,
            "currency": "EUR",
            "refundable": 2000,
        }
        assert (await served.post("/v1/orders/a/refunds", body)).json() == first | {"changed": False}
        assert (await served.post("/v1/orders/a/refunds", body | {"amount": 1000.0})).json() == first | {
            "changed": False
        }
        other = await served.post("/v1/orders/a/refunds", body | {"amount": 1001})
        assert "was asked for before, with an amount of 1000" in problem(other, 409, "refund-id-taken")["detail"]


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("cancel", {}, "/reason"),
        ("cancel", {"reason": ""}, "/reason"),
        ("cancel", {"reason": "a\x00b"}, "/reason"),
        ("retry", {"reason": "\u200b"}, "/reason"),
        ("cancel", {"reason": "x" * 513}, "/reason"),
        ("cancel", {"reason": 5}, "/reason"),
        ("cancel", {"reason": "x", "by": "fulfillment"}, "/by"),
        ("cancel", {"reason": "x", "why": "y"}, "/why"),
        ("cancel", None, ""),
        ("cancel", [], ""),
        ("release", {"x": 1}, "/x"),
        ("refunds", {"reason": "x", "amount": 0}, "/amount"),
        ("refunds", {"reason": "x", "amount": 2**63}, "/amount"),
        ("refunds", {"reason": "x", "amount": 10**400}, "/amount"),
        ("refunds", {"reason": "x", "amount": "5"}, "/amount"),
        ("refunds", {"reason": "x", "amount": 5.5}, "/amount"),
        ("refunds", {"reason": "x", "amount": True}, "/amount"),
        ("refunds", {"reason": "x", "amount": 5, "refundId": "a b"}, "/refundId"),
    ],
)
async def test_a_wrong_body_is_told_where(
    action: str, body: Any, pointer: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.ship("a")
        answer = await served.post(f"/v1/orders/a/{action}", body)
        document = problem(answer, 422, "invalid-request")
        assert [fault["pointer"] for fault in document["errors"]] == [pointer]


async def test_an_order_is_cancelled_held_retried_and_refunded_in_a_running_system(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system, api_of(system.app, temporal_client) as served:
        await system.stock(TEA_1=10)
        order_id = await served.place()
        await system.settled(order_id, "shipped")
        asked = (await served.post(f"/v1/orders/{order_id}/refunds", {"amount": 500, "reason": "x"})).json()
        await until(lambda: _made(served, order_id), "the money is back")
        retried = (await served.post(f"/v1/orders/{order_id}/retry", {"reason": "why not"})).json()
        assert (retried["status"], retried["workflows"]) == ("shipped", ["notify-shipment"])
        timeline = await served.get(f"/v1/orders/{order_id}/timeline")
        assert f"refund-order-{order_id}/{asked['refundId']}" in [each["workflowId"] for each in timeline["workflows"]]
        assert (await served.get("/v1/attention")) == {
            "stuck": [],
            "counts": dict.fromkeys(KINDS, 0),
            "more": False,
            "after": None,
            "complete": True,
        }


async def _made(served: Api, order_id: str) -> bool:
    return [refund["made"] for refund in (await served.get(f"/v1/orders/{order_id}"))["refunds"]] == [True]


async def test_a_projection_is_built_anew_and_how_far_that_is_can_be_seen(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        for _ in range(3):
            await served.place()
        await served.project()
        async with owner(database_url) as connection:
            await connection.execute("truncate projections.order_dashboard")
        assert (await served.post("/v1/projections/order-dashboard/rebuild")).status_code == 202

        async def state() -> Any:
            readers = (await served.get("/v1/projections"))["readers"]
            return next(reader["rebuild"] for reader in readers if reader["name"] == "order-dashboard")

        await until(lambda: _done(state()), "it is done")
        assert await state() == {"position": 3, "head": 3, "state": "done", "error": None}
        assert len((await served.get("/v1/orders"))["orders"]) == 3
        problem(await served.post("/v1/projections/none/rebuild"), 404, "not-found")


async def _done(state: Any) -> bool:
    return bool((await state)["state"] == "done")


async def test_while_a_projection_is_being_rebuilt_by_anybody_another_rebuild_is_refused(
    database_url: str, temporal_client: Client
) -> None:
    lock = "select pg_advisory_xact_lock(hashtextextended('projections.rebuild:order-dashboard', 0))"
    async with api(database_url, temporal_client) as served:
        async with served.app.pool.acquire() as connection, connection.transaction():
            await connection.execute(lock)
            refused = await served.post("/v1/projections/order-dashboard/rebuild")
            problem(refused, 409, "rebuild-running")
            readers = (await served.get("/v1/projections"))["readers"]
            rebuilds = {reader["name"]: reader["rebuild"] and reader["rebuild"]["state"] for reader in readers}
            assert rebuilds["order-dashboard"] == "running"
            assert rebuilds["customer-orders"] is None
        assert (await served.post("/v1/projections/order-dashboard/rebuild")).status_code == 202
