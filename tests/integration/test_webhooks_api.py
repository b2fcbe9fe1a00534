"""The webhooks' part of the HTTP API, on a real socket."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.api_harness import KEYS, OPERATOR, READER, WRITER, Api, api, bearer, problem
from tests.webhook_receiver import Answer, receiving

URL = "http://127.0.0.1:9/hooks?token=hunter2"
ENDPOINTS = "/v1/webhooks/endpoints"


@pytest.fixture
async def served(database_url: str, temporal_client: Client) -> AsyncIterator[Api]:
    async with api(database_url, temporal_client, webhooks_allow_private=True) as running:
        yield running


async def added(served: Api, **changes: Any) -> dict[str, Any]:
    answer = await served.post(ENDPOINTS, {"url": URL, "topics": ["*"]} | changes)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{ENDPOINTS}/{document['id']}"
    return document


async def test_an_endpoint_is_added_shown_changed_and_removed_and_its_secret_is_shown_once(served: Api) -> None:
    made = await added(served, topics=["order.shipped", "order.placed"], description="The warehouse")
    assert made["secret"].startswith("whsec_")
    path = f"{ENDPOINTS}/{made['id']}"
    shown = await served.get(path)
    assert shown == {key: value for key, value in made.items() if key != "secret"}
    assert (shown["url"], shown["topics"]) == ("http://127.0.0.1:9/hooks?…", ["order.placed", "order.shipped"])
    assert "hunter2" not in str(await served.get(ENDPOINTS))
    changed = await served.http.patch(path, json={"topics": ["order.*"], "enabled": False})
    assert changed.status_code == 200, changed.text
    assert changed.json()["disabledReason"] == "by a person"
    assert (await served.get(path))["description"] == "The warehouse"
    enabled = await served.http.patch(path, json={"enabled": True})
    assert (enabled.json()["enabled"], enabled.json()["missedFrom"]) == (True, None)
    assert (await served.http.delete(path)).status_code == 204
    problem(await served.http.get(path), 404, "not-found")
    problem(await served.http.delete(path), 404, "not-found")


async def test_a_repeated_addition_makes_one_endpoint_also_where_its_answer_was_never_stored(served: Api) -> None:
    body = {"url": URL, "topics": ["*"]}
    first = await served.post(ENDPOINTS, body, Idempotency_Key="one-endpoint")
    await served.app.pool.execute("delete from web.idempotency_keys")
    second = await served.post(ENDPOINTS, body, Idempotency_Key="one-endpoint")
    assert first.json() == second.json()
    assert len((await served.get(ENDPOINTS))["endpoints"]) == 1


async def test_a_repeated_request_gets_the_kept_answer_without_the_secret_and_the_table_does_not_hold_it(
    served: Api,
) -> None:
    made = await served.post(ENDPOINTS, {"url": URL, "topics": ["*"]}, Idempotency_Key="one-endpoint")
    rotation = f"{ENDPOINTS}/{made.json()['id']}/rotate"
    rotated = await served.post(rotation, {}, Idempotency_Key="one-rotation")
    kept = await served.app.pool.fetch("select convert_from(body, 'UTF8') from web.idempotency_keys")
    assert len(kept) == 2
    assert "whsec_" not in str(kept)

    again = await served.post(ENDPOINTS, {"url": URL, "topics": ["*"]}, Idempotency_Key="one-endpoint")
    assert (again.status_code, again.json()) == (201, made.json() | {"secret": None})
    assert again.headers["location"] == made.headers["location"]
    assert (await served.post(rotation, {}, Idempotency_Key="one-rotation")).json() == {"secret": None}
    secrets = await served.app.endpoints.secrets(made.json()["id"])
    assert secrets == [rotated.json()["secret"], made.json()["secret"]]


async def test_the_path_of_an_endpoint_and_what_repeats_it_is_shown_to_operators_alone(
    database_url: str, temporal_client: Client
) -> None:
    url = "http://127.0.0.1:9/hooks/hunter2?token=hunter3"
    async with api(database_url, temporal_client, api_keys=KEYS, webhooks_allow_private=True) as keyed:
        made = (await keyed.post(ENDPOINTS, {"url": url, "topics": ["*"]}, **bearer(OPERATOR))).json()
        await keyed.app.pool.execute(
            "insert into webhooks.deliveries (endpoint_id, position, order_id, event_id, event_type)"
            " values ($1, 1, 'o', gen_random_uuid(), 'order.placed')",
            made["id"],
        )
        await keyed.app.deliveries.failed(made["id"], 1, 404, "answered 404", "Cannot POST /hooks/hunter2", 60)
        paths = (ENDPOINTS, f"{ENDPOINTS}/{made['id']}", "/v1/webhooks/deliveries", "/v1/attention")
        for key, sees in ((READER, False), (WRITER, False), (OPERATOR, True)):
            shown = [(await keyed.http.get(path, headers=bearer(key))).text for path in paths]
            assert any("/hooks/hunter2" in text for text in shown) is sees
            assert not any("hunter3" in text for text in shown)
            assert any("http://127.0.0.1:9/" in text for text in shown)
            assert any("answered 404" in text for text in shown)


async def test_what_is_wrong_is_said_with_its_place(served: Api) -> None:
    for body, pointer in (
        ({"url": "ftp://example.com/", "topics": ["*"]}, "/url"),
        ({"url": URL, "topics": ["order.lost"]}, "/topics"),
        ({"url": URL, "topics": []}, "/topics"),
        ({"url": URL, "topics": "order.*"}, "/topics"),
        ({"url": URL}, "/topics"),
        ({"url": URL, "topics": ["*"], "secret": "mine"}, "/secret"),
    ):
        document = problem(await served.post(ENDPOINTS, body), 422, "invalid-request")
        assert [fault["pointer"] for fault in document["errors"]] == [pointer]
    made = await added(served)
    path = f"{ENDPOINTS}/{made['id']}"
    problem(await served.post(f"{path}/replay", {"from": 0}), 422, "invalid-request")
    problem(await served.post(f"{path}/replay", {"from": 10**6}), 422, "invalid-request")
    problem(await served.post(f"{path}/rotate", {"overlapSeconds": -1}), 422, "invalid-request")
    problem(await served.post(f"{ENDPOINTS}/ep_0/rotate", {}), 404, "not-found")
    problem(await served.http.get("/v1/webhooks/deliveries", params={"after": "nonsense"}), 422, "invalid-request")
    problem(await served.http.get("/v1/webhooks/deliveries", params={"status": "lost"}), 422, "invalid-request")
    problem(await served.post("/v1/webhooks/deliveries/nonsense/retry"), 404, "not-found")
    for path in (
        f"{ENDPOINTS}/ep%00",
        "/v1/webhooks/deliveries?endpointId=ep%00",
        "/v1/webhooks/deliveries?after=%00.1",
    ):
        problem(await served.http.get(path), 422, "invalid-request")
    problem(await served.post("/v1/webhooks/deliveries/%00.1/retry"), 422, "invalid-request")


async def test_private_addresses_are_refused_unless_the_setting_allows_them(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as guarded:
        for url in ("https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/", "https://[::1]/"):
            document = problem(await guarded.post(ENDPOINTS, {"url": url, "topics": ["*"]}), 422, "invalid-request")
            assert document["errors"][0]["pointer"] == "/url"


async def test_a_rotation_and_a_replay_are_asked_for(served: Api) -> None:
    made = await added(served)
    path = f"{ENDPOINTS}/{made['id']}"
    rotated = await served.post(f"{path}/rotate", {})
    assert rotated.status_code == 200
    assert await served.app.endpoints.secrets(made["id"]) == [rotated.json()["secret"], made["secret"]]
    await served.place()
    asked = await served.post(f"{path}/replay", {"from": 1})
    assert asked.status_code == 202, asked.text
    assert asked.json()["replay"]["position"] == 0
    problem(await served.post(f"{path}/replay", {"from": 1}), 409, "replay-running")


async def test_deliveries_are_listed_in_pages_and_a_parked_one_is_retried(served: Api) -> None:
    made = await added(served)
    for position in range(1, 4):
        await served.app.pool.execute(
            "insert into webhooks.deliveries (endpoint_id, position, order_id, event_id, event_type)"
            " values ($1, $2, 'o', gen_random_uuid(), 'order.placed')",
            made["id"],
            position,
        )
    await served.app.deliveries.park(made["id"], 2, "for the test")
    page = await served.get("/v1/webhooks/deliveries", limit=2, endpointId=made["id"])
    rest = await served.get("/v1/webhooks/deliveries", limit=2, after=page["after"])
    assert [row["position"] for row in page["deliveries"] + rest["deliveries"]] == [3, 2, 1]
    [parked] = (await served.get("/v1/webhooks/deliveries", status="parked"))["deliveries"]
    assert (parked["id"], parked["lastError"]) == (f"{made['id']}.2", "for the test")
    retried = await served.post(f"/v1/webhooks/deliveries/{parked['id']}/retry")
    assert (retried.status_code, retried.json()["status"]) == (202, "pending")
    problem(await served.post(f"/v1/webhooks/deliveries/{parked['id']}/retry"), 409, "not-parked")
    assert (await served.get("/v1/webhooks/deliveries", endpointId="ep_0")) == {"deliveries": [], "after": None}


async def test_only_an_operator_changes_anything(database_url: str, temporal_client: Client) -> None:
    changes = [
        ("POST", ENDPOINTS),
        ("PATCH", f"{ENDPOINTS}/ep_0"),
        ("DELETE", f"{ENDPOINTS}/ep_0"),
        ("POST", f"{ENDPOINTS}/ep_0/rotate"),
        ("POST", f"{ENDPOINTS}/ep_0/replay"),
        ("POST", "/v1/webhooks/deliveries/ep_0.1/retry"),
    ]
    async with api(database_url, temporal_client, api_keys=KEYS) as keyed:
        for method, path in changes:
            problem(await keyed.http.request(method, path, json={}), 401, "unauthorized")
            for key in (READER, WRITER):
                problem(await keyed.http.request(method, path, json={}, headers=bearer(key)), 403, "forbidden")
            answer = await keyed.http.request(method, path, json={}, headers=bearer(OPERATOR))
            assert answer.status_code in (404, 422)
        assert (await keyed.http.get(ENDPOINTS, headers=bearer(READER))).status_code == 200


async def test_deliveries_are_found_by_order_and_event_and_shown_with_payload_and_attempts(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR, webhooks_allow_private=True) as served:
        made = await added(served)
        for order_id in ("o-1", "o-2"):
            await served.place(order_id)
        deliveries, pool = served.app.deliveries, served.app.pool
        await pool.execute(
            "insert into webhooks.deliveries (endpoint_id, position, order_id, event_id, event_type)"
            " select $1, position, substr(name, 7), id, type from eventstore.events join eventstore.streams using (stream_id)",
            made["id"],
        )
        path = "/v1/webhooks/deliveries"
        of_order = (await served.get(path, orderId="o-2", status="", endpointId="", type=""))["deliveries"]
        assert [each["orderId"] for each in of_order] == ["o-2"]
        assert len((await served.get(path, type="order.placed"))["deliveries"]) == 2
        assert (await served.get(path, type="order.shipped"))["deliveries"] == []
        position = of_order[0]["position"]
        await deliveries.failed(made["id"], position, 500, "answered 500", "a stack trace", 60)
        await deliveries.delivered(made["id"], position, 204, "thanks")
        await deliveries.delivered(made["id"], position, 204, "late")  # no longer pending: no attempt of this delivery
        one = f"{path}/{of_order[0]['id']}"
        found = await served.get(one)
        assert (found["payload"]["type"], found["payload"]["data"]["orderId"]) == ("order.placed", "o-2")
        assert [(each["status"], each["error"], each["response"]) for each in found["made"]] == [
            (204, None, "thanks"),
            (500, "answered 500", "a stack trace"),
        ]
        read = (await served.http.get(one, headers=bearer(READER))).json()
        assert [each["response"] for each in read["made"]] == [None, None]
        problem(await served.http.get(f"{path}/{made['id']}.999"), 404, "not-found")


async def test_a_test_message_is_signed_and_its_answer_returned_whatever_it_is(
    database_url: str, temporal_client: Client
) -> None:
    async with (
        api(database_url, temporal_client, webhooks_allow_private=True) as served,
        receiving() as receiver,
    ):
        receiver.decide = lambda _: Answer(503, body=b"closed")
        made = await added(served, url=receiver.url, topics=["order.shipped"])
        path = f"{ENDPOINTS}/{made['id']}/test"
        sent = await served.post(path, {}, Idempotency_Key="one-test")
        assert (sent.status_code, sent.json()["status"], sent.json()["error"]) == (200, 503, "answered 503")
        assert sent.json()["response"] == "closed"
        [received] = receiver.received
        received.verify(made["secret"])
        assert (received.type, received.id) == ("webhooks.test", sent.json()["messageId"])
        again = await served.post(path, {}, Idempotency_Key="one-test")
        assert (again.json(), len(receiver.received)) == (sent.json(), 1)
        await receiver.stop()
        unreachable = (await served.post(path, {})).json()
        assert (unreachable["status"], unreachable["error"].partition(":")[0]) == (None, "no connection")
        problem(await served.post(f"{ENDPOINTS}/ep_none/test", {}), 404, "not-found")
