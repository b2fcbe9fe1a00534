"""Notes, tags and metadata by the HTTP API: from the request to the order, its timeline, the list and the export."""

import asyncio
import csv
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from temporalio.client import Client

from orders.commands import CancelOrder
from orders.events import CancelledBy
from tests.integration.api_harness import KEYS, OPERATOR, Api, api, problem
from tests.running_system import order_data


async def types(served: Api, order_id: str) -> list[str]:
    return [event.type async for event in served.app.store.stream(f"order-{order_id}")]


async def found(served: Api, query: list[tuple[str, str]]) -> list[str]:
    """Ids of the orders of a list, which its export has, too."""
    exported = await served.http.get("/v1/exports/orders", params=urlencode(query))
    listed = await served.http.get("/v1/orders", params=urlencode(query))
    assert (exported.status_code, listed.status_code) == (200, 200), listed.text
    ids = [order["orderId"] for order in listed.json()["orders"]]
    assert [row["orderId"] for row in csv.DictReader(StringIO(exported.text, newline=""))] == ids
    return ids


async def test_a_note_is_an_event_of_the_order_with_its_author(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as served:
        await served.place("a")
        noted = await served.post(
            "/v1/orders/a/notes", {"text": "called\ntwice"}, Idempotency_Key="n-1", If_Match='"1"'
        )
        assert (noted.status_code, noted.headers["etag"]) == (201, '"2"')
        assert noted.json() | {"position": 2} == {
            "orderId": "a", "changed": True, "status": "placed", "paymentState": "none", "onHold": False, "version": 2,
            "position": 2,
        }  # fmt: skip
        again = await served.post(
            "/v1/orders/a/notes", {"text": "called\ntwice"}, Idempotency_Key="n-1", If_Match='"1"'
        )
        assert again.json() == noted.json()
        [_, event] = (await served.get("/v1/orders/a/timeline"))["events"]
        assert (event["type"], event["actor"], event["summary"]) == ("order.noted", "api:cyd", "called\ntwice")
        assert event["data"]["text"] == "called\ntwice"
        assert await types(served, "a") == ["order.placed", "order.noted"]
        await served.handle("a", CancelOrder("a", "x", CancelledBy.CUSTOMER))
        assert (await served.post("/v1/orders/a/notes", {"text": "after the end"})).json()["status"] == "cancelled"
        stale = problem(await served.post("/v1/orders/a/notes", {"text": "x"}, If_Match='"1"'), 412, "order-changed")
        assert stale["order"]["version"] == 4


async def test_a_note_with_a_fault_names_its_field(database_url: str, temporal_client: Client) -> None:
    faulty: list[tuple[dict[str, Any], str]] = [
        ({}, "/text"),
        ({"text": "  "}, "/text"),
        ({"text": "x" * 2_001}, "/text"),
        ({"text": "a\x00b"}, "/text"),
        ({"text": 1}, "/text"),
        ({"text": "a", "by": "me"}, "/by"),
    ]
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        for body, pointer in faulty:
            refused = problem(await served.post("/v1/orders/a/notes", body), 422, "invalid-request")
            assert [each["pointer"] for each in refused["errors"]] == [pointer], body
        assert await types(served, "a") == ["order.placed"]


async def test_a_tag_is_put_and_deleted_any_number_of_times_with_one_effect(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        put = [await served.http.put("/v1/orders/a/tags/vip") for _ in range(2)]
        assert [(each.status_code, each.json()["changed"], each.json()["tags"]) for each in put] == [
            (200, True, ["vip"]),
            (200, False, ["vip"]),
        ]
        assert (await served.http.put("/v1/orders/a/tags/Gift")).json()["tags"] == ["vip", "gift"]
        assert (await served.http.put("/v1/orders/a/tags/VIP")).json()["changed"] is False
        order = await served.get("/v1/orders/a")
        assert (order["tags"], order["version"]) == (["vip", "gift"], 3)
        stale = await served.http.delete("/v1/orders/a/tags/vip", headers={"If-Match": '"1"'})
        problem(stale, 412, "order-changed")
        deleted = [await served.http.delete("/v1/orders/a/tags/vip") for _ in range(2)]
        assert [(each.status_code, each.json()["changed"], each.json()["tags"]) for each in deleted] == [
            (200, True, ["gift"]),
            (200, False, ["gift"]),
        ]
        assert await types(served, "a") == ["order.placed", "order.tagged", "order.tagged", "order.untagged"]


async def test_a_tag_of_another_form_or_beyond_the_limit_is_refused(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        for tag in ("%C3%A4", "a%20b", "-a", "x" * 41):
            refused = problem(await served.http.put(f"/v1/orders/a/tags/{tag}"), 422, "invalid-request")
            assert [each["parameter"] for each in refused["errors"]] == ["tag"]
        for number in range(20):
            assert (await served.http.put(f"/v1/orders/a/tags/t-{number}")).status_code == 200
        problem(await served.http.put("/v1/orders/a/tags/one-more"), 409, "too-many-tags")
        problem(await served.http.put("/v1/orders/nobodys/tags/vip"), 404, "order-not-found")
        problem(await served.http.delete("/v1/orders/nobodys/tags/vip"), 404, "order-not-found")
        problem(await served.post("/v1/orders/nobodys/notes", {"text": "x"}), 404, "order-not-found")


async def test_a_note_and_a_tag_beyond_the_limit_of_an_order_are_refused(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.interventions.MAX_ANNOTATIONS", 2)
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        assert (await served.post("/v1/orders/a/notes", {"text": "x"})).status_code == 201
        last = await served.post("/v1/orders/a/notes", {"text": "y"}, Idempotency_Key="n-2")
        for refused in (
            await served.post("/v1/orders/a/notes", {"text": "z"}),
            await served.http.put("/v1/orders/a/tags/vip"),
        ):
            assert "takes no more notes or tags" in problem(refused, 409, "too-many-annotations")["detail"]
        repeated = await served.post("/v1/orders/a/notes", {"text": "y"}, Idempotency_Key="n-2")
        assert repeated.json() == last.json()
        assert await types(served, "a") == ["order.placed", "order.noted", "order.noted"]


async def test_annotations_at_once_are_all_recorded(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        shipping = asyncio.create_task(served.ship("a"))
        tagged = [served.http.put(f"/v1/orders/a/tags/t-{number}") for number in range(5)]
        noted = [served.post("/v1/orders/a/notes", {"text": f"note {number}"}) for number in range(5)]
        answers = await asyncio.gather(*tagged, *noted)
        await shipping
        assert [answer.status_code for answer in answers] == [200] * 5 + [201] * 5
        order = await served.get("/v1/orders/a")
        assert (order["status"], sorted(order["tags"])) == ("shipped", [f"t-{number}" for number in range(5)])
        assert (await types(served, "a")).count("order.noted") == 5


async def test_metadata_is_placed_shown_and_part_of_the_orders_content(
    database_url: str, temporal_client: Client
) -> None:
    metadata = {"channel": "web", "sales_rep": "Ève: 1", "empty": ""}
    async with api(database_url, temporal_client) as served:
        await served.place("a", metadata=metadata)
        await served.place("b")
        assert (await served.get("/v1/orders/a"))["metadata"] == metadata
        assert (await served.get("/v1/orders/b"))["metadata"] == {}
        [placed] = (await served.get("/v1/orders/a/timeline"))["events"]
        assert placed["data"]["metadata"] == metadata
        again = await served.post("/v1/orders", order_data("a", metadata=dict(reversed(metadata.items()))))
        assert (again.status_code, again.json()["changed"]) == (200, False)
        other = await served.post("/v1/orders", order_data("a", metadata={"channel": "shop"}))
        assert "different metadata" in problem(other, 409, "order-already-exists")["detail"]
        await served.project()
        rows = {order["orderId"]: order for order in (await served.get("/v1/orders"))["orders"]}
        assert (rows["a"]["metadata"], rows["a"]["tags"], rows["b"]["metadata"]) == (metadata, [], {})


async def test_metadata_with_faults_names_each_key(database_url: str, temporal_client: Client) -> None:
    faulty = {"a b": "x", "control": "\x07", "number": 1, "a:b": "x", "long": "x" * 501}
    async with api(database_url, temporal_client) as served:
        refused = await served.post("/v1/orders", order_data("a", metadata=faulty))
        errors = problem(refused, 422, "invalid-request")["errors"]
        assert {each["pointer"]: each["detail"] for each in errors} == {
            "/metadata/a b": "must be visible characters only; U+0020 is not",
            "/metadata/control": "must not contain the control character U+0007",
            "/metadata/number": "must be text, not 1",
            "/metadata/a:b": 'must not contain ":"',
            "/metadata/long": "must be at most 500 characters long, not 501",
        }
        many = await served.post("/v1/orders", order_data("a", metadata={f"k{n}": "" for n in range(21)}))
        [fault] = problem(many, 422, "invalid-request")["errors"]
        assert fault == {"pointer": "/metadata", "detail": "must have at most 20 entries"}


async def test_orders_are_listed_and_exported_by_all_of_some_tags_and_metadata(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        for order_id, metadata in (("a", {"channel": "web"}), ("b", {"channel": "web", "rep": "x:y & z"}), ("c", {})):
            await served.place(order_id, metadata=metadata)
        for order_id, tag in (("a", "vip"), ("b", "vip"), ("b", "gift"), ("c", "gift")):
            await served.http.put(f"/v1/orders/{order_id}/tags/{tag}")
        await served.project()
        assert await found(served, [("tag", "vip")]) == ["b", "a"]
        assert await found(served, [("tag", "VIP")]) == ["b", "a"]
        assert await found(served, [("tag", "vip"), ("tag", "gift")]) == ["b"]
        assert await found(served, [("metadata", "channel:web")]) == ["b", "a"]
        assert await found(served, [("metadata", "channel:web"), ("metadata", "rep:x:y & z")]) == ["b"]
        assert await found(served, [("tag", "gift"), ("metadata", "channel:web"), ("status", "placed")]) == ["b"]
        assert await found(served, [("tag", "vip"), ("placedFrom", "2020-01-01T00:00:00Z")]) == ["b", "a"]
        assert await found(served, [("tag", "nobodys")]) == []
        first = await served.get("/v1/orders", tag="vip", limit=1)
        second = await served.get("/v1/orders", tag="vip", limit=1, after=first["after"])
        assert [page["orders"][0]["orderId"] for page in (first, second)] == ["b", "a"]
        assert second["after"] is None


async def test_a_filter_that_cannot_match_names_its_parameter(database_url: str, temporal_client: Client) -> None:
    faulty = [
        ("tag=%C3%A4", "tag"),
        ("tag=vip&tag=a%20b", "tag"),
        ("metadata=channel", "metadata"),
        ("metadata=a%20b:x", "metadata"),
        ("metadata=a:1&metadata=a:2", "metadata"),
        (f"metadata=a:{'x' * 501}", "metadata"),
    ]
    async with api(database_url, temporal_client) as served:
        for query, parameter in faulty:
            for path in ("/v1/orders", "/v1/exports/orders"):
                refused = problem(await served.http.get(f"{path}?{query}"), 422, "invalid-request")
                assert [each["parameter"] for each in refused["errors"]] == [parameter], query
