"""GET: contents of read models and streams, whole, in pages, and as fresh as requested."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from temporalio.client import Client

from application.cursors import encode_cursor
from application.wire import camel_case
from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.parking import Parking
from open_work.kinds import KINDS
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.interventions import HoldOrder
from projections.customer_orders import CustomerRow
from projections.order_dashboard import OrderRow
from tests.integration.api_harness import Api, api, problem
from tests.running_system import order_data
from web import models, parameters

# Characters with a meaning in a URL.
CUSTOMERS: Final = ("a&b=+", "bob:x%20#", "ü" * 128)
SKUS: Final = ("A +1&", "B%41 #2", "C?")


async def pages(served: Api, path: str, name: str, **query: Any) -> list[Any]:
    """All rows of a list, by pages."""
    rows: list[Any] = []
    after = ""
    while True:
        # The cursor is unescaped, as a person pastes it into a URL.
        answer = await served.http.get(f"{path}?{urlencode(query)}{after}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page[name]) <= query["limit"]
        rows += page[name]
        if page["after"] is None:
            return rows
        after = f"&after={page['after']}"


def test_the_rows_of_the_api_have_fields_of_the_read_models_alone() -> None:
    for model, row in ((models.OrderRow, OrderRow), (models.CustomerRow, CustomerRow)):
        wire = {field.alias for field in model.model_fields.values()}
        assert wire <= set(camel_case({each.name: None for each in fields(row)}))


async def test_given_orders_then_pages_hold_each_once_newest_first(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        placed = [await served.place(f"o-{n}", customerId=f"c{n % 2}") for n in range(7)]
        await served.handle("o-3", CancelOrder("o-3", "x", CancelledBy.CUSTOMER))
        await served.project()
        for limit in (1, 3, 7):
            found = await pages(served, "/v1/orders", "orders", limit=limit)
            assert [row["orderId"] for row in found] == placed[::-1]
        odd = await pages(served, "/v1/orders", "orders", limit=2, customerId="c1")
        assert [row["orderId"] for row in odd] == ["o-5", "o-3", "o-1"]
        cancelled = await served.get("/v1/orders", status="cancelled", customerId="c1")
        assert [row["orderId"] for row in cancelled["orders"]] == ["o-3"]


async def test_given_a_period_then_orders_go_by_their_own_time(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        first = datetime(2024, 5, 1, tzinfo=UTC)
        days = {"a": 2, "b": 0, "c": 1, "d": 1, "e": 9}
        for order_id, day in days.items():
            await served.place(order_id, placedAt=(first + timedelta(days=day)).isoformat())
        await served.handle("c", CancelOrder("c", "x", CancelledBy.CUSTOMER))
        await served.project()
        period = {"placedFrom": "2024-05-01T00:00:00Z", "placedTo": "2024-05-10T00:00:00Z"}
        for limit in (1, 2, 50):
            found = await pages(served, "/v1/orders", "orders", limit=limit, **period)
            assert [row["orderId"] for row in found] == ["a", "d", "c", "b"]
        open_end = await served.get("/v1/orders", placedFrom="2024-05-02T00:00:00+00:00")
        assert [row["orderId"] for row in open_end["orders"]] == ["e", "a", "d", "c"]
        open_start = await served.get("/v1/orders", placedTo="2024-05-02T00:00:00Z", status="placed")
        assert [row["orderId"] for row in open_start["orders"]] == ["b"]
        both = await served.get("/v1/orders", status="cancelled", customerId="ALFKI", **period)
        assert [row["orderId"] for row in both["orders"]] == ["c"]


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/v1/orders", {"limit": "0"}, "limit"),
        ("/v1/orders", {"limit": "201"}, "limit"),
        ("/v1/orders", {"limit": "1_0"}, "limit"),
        ("/v1/orders", {"status": "lost"}, "status"),
        ("/v1/orders", {"placedFrom": "yesterday"}, "placedFrom"),
        ("/v1/orders", {"after": "12~x"}, "after"),
        ("/v1/orders", {"after": "99999999999999999999"}, "after"),
        ("/v1/orders", {"after": "5", "placedFrom": "2024-05-01T00:00:00Z"}, "after"),
        ("/v1/orders", {"wait": "9223372036854775808"}, "wait"),
        ("/v1/orders", {"wait": "-1"}, "wait"),
        ("/v1/orders", {"customerId": "a\x00b"}, "customerId"),
        ("/v1/orders", {"statsu": "placed"}, "statsu"),
        ("/v1/customers", {"after": "a:EUR"}, "after"),
        ("/v1/customers", {"after": encode_cursor("a/b", "EUR")}, "after"),
        ("/v1/customers", {"after": encode_cursor("a", "EUR", "b")}, "after"),
        ("/v1/inventory", {"after": "A"}, "after"),
        ("/v1/inventory", {"after": encode_cursor("a\x00")}, "after"),
        ("/v1/config", {"x": "1"}, "x"),
    ],
)
async def test_a_wrong_parameter_is_named(
    path: str, query: dict[str, str], parameter: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        document = problem(await served.http.get(path, params=query), 422, "invalid-request")
        assert [fault["parameter"] for fault in document["errors"]] == [parameter]
        twice = await served.http.get("/v1/orders?limit=1&limit=2")
        assert problem(twice, 422, "invalid-request")["errors"][0]["parameter"] == "limit"


async def test_an_order_its_timeline_and_its_customer(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, temporal_ui_url="http://ui.example") as served:
        order_id = await served.place(paymentMethod="pm_card_visa")
        await served.handle(order_id, HoldOrder(order_id, "looks odd"))
        await served.project()
        found = await served.get(f"/v1/orders/{order_id}")
        sent = order_data(order_id, paymentMethod="pm_card_visa")
        assert {name: found[name] for name in ("items", "total", "customerId", "currency", "paymentMethod")} == {
            name: sent[name] for name in ("items", "total", "customerId", "currency", "paymentMethod")
        }
        assert (found["status"], found["hold"], found["version"]) == ("placed", {"reason": "looks odd"}, 2)
        timeline = await served.get(f"/v1/orders/{order_id}/timeline")
        assert [(each["type"], each["actor"]) for each in timeline["events"]] == [
            ("order.placed", "api:local"),
            ("order.held", None),
        ]
        assert timeline["events"][1]["summary"] == "looks odd"
        assert [each["status"] for each in timeline["workflows"]] == ["not started"] * 3
        [customer] = (await served.get("/v1/customers/ALFKI"))["customers"]
        assert (customer["orderCount"], customer["totalSpend"]) == (1, 0)
        problem(await served.http.get("/v1/customers/NOBODY"), 404, "not-found")
        problem(await served.http.get("/v1/orders/none"), 404, "order-not-found")
        problem(await served.http.get("/v1/orders/none/timeline"), 404, "order-not-found")


async def test_summary_adds_up(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.place("b", quantity=1)
        await served.place("c", currency="USD")
        await served.ship("a")
        await served.handle("b", CancelOrder("b", "x", CancelledBy.CUSTOMER))
        await served.project()
        found = await served.get("/v1/summary")
        assert found["counts"] == {"cancelled": 1, "placed": 1, "shipped": 1}
        assert found["head"] == 7
        assert {"currency": "EUR", "amount": 3000} in found["revenue"]


async def test_customers_and_inventory_in_pages(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        for customer in CUSTOMERS:
            for currency in ("EUR", "USD"):
                await served.place(customerId=customer, currency=currency)
        for sku in SKUS:
            await served.app.adjustments.set_level(sku, 5, actor="test")
        await served.project()
        found = await pages(served, "/v1/customers", "customers", limit=2)
        assert [(row["customerId"], row["currency"]) for row in found] == [
            (customer, currency) for customer in CUSTOMERS for currency in ("EUR", "USD")
        ]
        levels = await pages(served, "/v1/inventory", "levels", limit=2)
        assert [(level["sku"], level["available"]) for level in levels] == [(sku, 5) for sku in SKUS]


async def test_given_a_projector_that_stands_still_when_waiting_then_504_and_with_it_running_the_own_write(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "WAIT_SECONDS", 0.3)
    async with api(database_url, temporal_client) as served:
        position = (await served.post("/v1/orders", order_data("mine"))).json()["position"]
        for path in ("/v1/orders", "/v1/summary", "/v1/customers", "/v1/orders/mine"):
            problem(await served.http.get(path, params={"wait": position}), 504, "projection-behind")
        await served.project()
        found = await served.get("/v1/orders", wait=position)
        assert [row["orderId"] for row in found["orders"]] == ["mine"]
        assert len((await served.get("/v1/customers", wait=position))["customers"]) == 1


async def test_attention_lists_harm_first_with_counts_and_in_pages(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        held = [await served.place(f"held-{n:02}") for n in range(12)]
        for order_id in held:
            await served.handle(order_id, HoldOrder(order_id, "odd"))
        await served.place("parked")
        await served.project()
        [event] = await served.app.store.read_stream(stream_name("parked"))
        await Parking(served.app.pool, DISPATCHER).park({event.position: "set aside"})
        first = await served.get("/v1/attention", limit=5)
        assert first["counts"] == dict.fromkeys(KINDS, 0) | {"parked": 1, "onHold": 12}
        assert list(first["counts"]) == list(KINDS)
        assert (first["more"], first["stuck"][0]["orderId"]) == (True, "parked")
        found = await pages(served, "/v1/attention", "stuck", limit=5)
        assert [row["orderId"] for row in found] == ["parked", *held]
        of_kind = await pages(served, "/v1/attention", "stuck", limit=5, kind="onHold")
        assert [row["orderId"] for row in of_kind] == held
        assert (await served.get("/v1/attention", kind="lost"))["stuck"] == []
        for query in ({"kind": "odd"}, {"after": "x"}):
            problem(await served.http.get("/v1/attention", params=query), 422, "invalid-request")
