"""Acts of two people at once: If-Match, decided together with the append."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from application.documents import OrderDocument
from bootstrap import App
from orders.commands import CancelOrder, ConfirmOrder
from orders.events import CancelledBy
from orders.payment_attempts import RecordPaymentFailure
from orders.records import PaymentFailure
from tests.integration.api_harness import Api, api, problem
from tests.running_system import order_data

# A compressed answer has an entity tag of its own.
PLAIN = {"Accept_Encoding": "identity"}
ACTS: dict[str, dict[str, Any]] = {
    "cancel": {"reason": "x"},
    "hold": {"reason": "x"},
    "release": {},
    "retry": {"reason": "x"},
    "refunds": {"amount": 1, "reason": "x"},
    "payment": {"paymentMethod": "pm_2"},
    "notes": {"text": "x"},
}


async def types(served: Api, order_id: str) -> list[str]:
    return [event.type async for event in served.app.store.stream(f"order-{order_id}")]


async def test_every_answer_about_an_order_carries_its_version(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        placed = await served.post("/v1/orders", order_data("a"))
        assert (placed.headers["etag"], placed.json()["version"]) == ('"1"', 1)
        for version, (act, body) in enumerate(
            (("hold", {"reason": "x"}), ("release", {}), ("retry", {"reason": "x"})), 2
        ):
            acted = await served.post(f"/v1/orders/a/{act}", body)
            assert (acted.headers["etag"], acted.json()["version"]) == (f'"{version}"', version)
        for path in ("/v1/orders/a", "/v1/orders/a/timeline", "/v1/orders/a/payment"):
            assert (await served.http.get(path, headers={"Accept-Encoding": "identity"})).headers["etag"] == '"4"'
        assert (await served.post("/v1/orders", order_data("a"))).headers["etag"] == '"4"'
        assert (await served.post("/v1/orders/a/cancel", {"reason": "x"})).headers["etag"] == '"5"'


@pytest.mark.parametrize("act", ACTS)
async def test_an_act_on_an_older_version_is_refused_with_the_order_as_it_is(
    act: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        if act == "refunds":
            await served.ship("a")
        else:
            await served.handle("a", ConfirmOrder("a"))
        if act == "payment":
            deadline = datetime.now(UTC) + timedelta(hours=1)
            await served.handle(
                "a", RecordPaymentFailure("a", PaymentFailure(1, "card_declined", "declined", deadline))
            )
        before = await types(served, "a")
        refused = await served.post(f"/v1/orders/a/{act}", ACTS[act], If_Match='"1"', **PLAIN)
        document = problem(refused, 412, "order-changed")
        assert document["order"] == await served.get("/v1/orders/a")
        assert OrderDocument.model_validate(document["order"]).version == len(before)
        change = document["lastChange"]
        assert (change["version"], change["type"], change["actor"]) == (len(before), before[-1], None)
        assert (document["hold"], f"by {before[-1]} of unknown" in document["detail"]) == (None, True)
        assert refused.headers["etag"] == f'"{len(before)}"'
        assert await types(served, "a") == before
        acted = await served.post(f"/v1/orders/a/{act}", ACTS[act], If_Match=f'"1", {refused.headers["etag"]}')
        assert acted.status_code == (201 if act == "notes" else 202), acted.text


@pytest.mark.parametrize("header", [{}, {"If_Match": "*"}], ids=["no header", "star"])
async def test_without_a_version_an_act_is_done_on_the_order_as_it_is(
    header: dict[str, str], database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.handle("a", ConfirmOrder("a"))
        assert (await served.post("/v1/orders/a/hold", {"reason": "x"}, **header)).status_code == 202


@pytest.mark.parametrize("tag", ['W/"1"', '"another"'])
async def test_a_weak_or_unknown_tag_matches_nothing(tag: str, database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        problem(await served.post("/v1/orders/a/hold", {"reason": "x"}, If_Match=tag), 412, "order-changed")


async def test_a_malformed_header_is_refused_before_anything_is_done(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        refused = problem(
            await served.post("/v1/orders/a/hold", {"reason": "x"}, If_Match="1"), 400, "malformed-header"
        )
        assert refused["errors"][0]["parameter"] == "If-Match"
        assert await types(served, "a") == ["order.placed"]


async def test_every_act_on_an_order_takes_the_version(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        paths = (await served.get("/v1/openapi.json"))["paths"]
    acts = {path: methods["post"] for path, methods in paths.items() if "{orderId}" in path and "post" in methods}
    # A restock changes the stock alone, bound to the refund.
    del acts["/v1/orders/{orderId}/restocks"]
    assert len(acts) >= len(ACTS)
    without = [path for path, act in acts.items() if "If-Match" not in [each["name"] for each in act["parameters"]]]
    assert without == []
    assert all("412" in act["responses"] for act in acts.values())


async def test_an_order_that_is_not_there_is_not_found_whatever_version_is_expected(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        problem(await served.post("/v1/orders/a/hold", {"reason": "x"}, If_Match='"1"'), 404, "order-not-found")


async def test_a_repeated_request_gets_its_first_answer_though_the_version_has_gone_on(
    database_url: str, temporal_client: Client
) -> None:
    named = {"If_Match": '"1"', "Idempotency_Key": "k"}
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        first = await served.post("/v1/orders/a/hold", {"reason": "x"}, **named)
        again = await served.post("/v1/orders/a/hold", {"reason": "x"}, **named)
        assert (again.status_code, again.content, again.headers["etag"]) == (202, first.content, '"2"')
        # The response was never stored: the stream has the command.
        await served.app.pool.execute("delete from web.idempotency_keys")
        found = await served.post("/v1/orders/a/hold", {"reason": "x"}, **named)
        assert (found.status_code, found.json()) == (202, first.json() | {"changed": False})


async def test_a_refused_request_leaves_its_key_free_for_the_version_that_was_read_anew(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.handle("a", ConfirmOrder("a"))
        body, key = {"reason": "x"}, "k"
        refused = await served.post("/v1/orders/a/hold", body, If_Match='"1"', Idempotency_Key=key)
        problem(refused, 412, "order-changed")
        held = await served.post("/v1/orders/a/hold", body, If_Match=refused.headers["etag"], Idempotency_Key=key)
        assert (held.status_code, held.json()["changed"]) == (202, True)


async def test_of_twenty_refunds_of_the_same_half_at_once_one_is_made(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.ship("a")
        seen = (await served.http.get("/v1/orders/a")).headers["etag"]
        half = {"amount": 1, "reason": "arrived late"}
        answers = await asyncio.gather(*(served.post("/v1/orders/a/refunds", half, If_Match=seen) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [202] + [412] * 19
        assert (await types(served, "a")).count("order.refund_requested") == 1


def overtaken(app: App, meanwhile: Callable[[], Awaitable[object]]) -> App:
    """The application, with another person's act between its first load and append."""
    append, acts = app.store.append, [meanwhile]

    async def late(*arguments: Any, **named: Any) -> Any:
        while acts:
            await acts.pop()()
        return await append(*arguments, **named)

    app.store.append = late  # type: ignore[method-assign]
    return app


@pytest.mark.parametrize("expected", [True, False])
async def test_an_act_that_is_overtaken_before_its_append_is_decided_again_only_without_a_version(
    expected: bool, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as plain:
        await plain.place("a")

        async def confirm() -> None:
            await plain.handle("a", ConfirmOrder("a"))

        async with api(database_url, temporal_client, adapt=lambda app: overtaken(app, confirm)) as served:
            headers = {"If_Match": '"1"'} if expected else {}
            answer = await served.post("/v1/orders/a/hold", {"reason": "x"}, **headers)
        if expected:
            assert problem(answer, 412, "order-changed")["order"]["status"] == "confirmed"
        else:
            assert answer.status_code == 202
        assert await types(plain, "a") == ["order.placed", "order.confirmed", *([] if expected else ["order.held"])]


async def test_an_act_that_would_be_impossible_now_is_refused_for_the_version_first(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.handle("a", CancelOrder("a", "x", CancelledBy.OPERATOR))
        refused = await served.post("/v1/orders/a/hold", {"reason": "x"}, If_Match='"1"')
        assert problem(refused, 412, "order-changed")["order"]["status"] == "cancelled"
        problem(await served.post("/v1/orders/a/hold", {"reason": "x"}, If_Match='"2"'), 409, "illegal-transition")
