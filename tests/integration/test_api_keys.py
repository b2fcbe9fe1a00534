"""Permissions by role, and data that must never appear: keys, and names of hosts."""

from typing import Any

import pytest
from temporalio.client import Client

from settings import Settings, SettingsError
from tests.integration.api_harness import KEYS, OPERATOR, READER, WRITER, api, bearer, problem
from tests.running_system import order_data
from web.address import Address, beside_others, listen, listening_address
from web.keys import Role, keyring

REASON = {"reason": "x"}
READ = [
    "/v1/config",
    "/v1/orders",
    "/v1/orders/a",
    "/v1/orders/a/timeline",
    "/v1/orders/a/payment",
    "/v1/summary",
    "/v1/attention",
    "/v1/customers",
    "/v1/customers/ALFKI",
    "/v1/inventory",
    "/v1/inventory/adjustments",
    "/v1/projections",
    "/v1/figures",
    "/v1/figures/shipping-times",
    "/v1/exports/orders",
]
WRITE: list[tuple[str, Any]] = [("/v1/orders", order_data("a")), ("/v1/orders/a/cancel", REASON)]
OPERATE: list[tuple[str, Any]] = [
    ("/v1/orders/b/hold", REASON),
    ("/v1/orders/b/notes", {"text": "x"}),
    ("/v1/orders/b/release", {}),
    ("/v1/orders/b/retry", REASON),
    ("/v1/orders/c/refunds", {"reason": "x", "amount": 1, "refundId": "r"}),
    ("/v1/orders/c/restocks", {"reason": "x", "refundId": "r", "items": [{"sku": "TEA-1", "units": 1}]}),
    ("/v1/inventory/levels", {"sku": "TEA-1", "available": 5}),
    ("/v1/inventory/adjustments", {"sku": "TEA-1", "change": 1, "reason": "x"}),
    ("/v1/projections/order-dashboard/rebuild", None),
]
TAGGED: list[tuple[str, str]] = [("put", "/v1/orders/b/tags/vip"), ("delete", "/v1/orders/b/tags/vip")]
# Refused with 409 here, for the state of the order or refund.
WRITE_IN_ANOTHER_STATE: list[tuple[str, Any]] = [("/v1/orders/a/payment", {"paymentMethod": "pm_1"})]
OPERATE_IN_ANOTHER_STATE: list[tuple[str, Any]] = [("/v1/orders/a/refunds/r/withdraw", REASON)]


@pytest.mark.parametrize(("name", "key", "may"), [("ann", READER, 1), ("bob", WRITER, 2), ("cyd", OPERATOR, 3)])
async def test_each_role_may_do_its_own_and_no_more(
    name: str, key: str, may: int, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as served:
        for order_id in ("a", "b", "c"):
            await served.place(order_id)
        await served.app.adjustments.set_level("TEA-1", 5, actor="test")
        await served.app.stock.reserve("c", {"TEA-1": 2})
        await served.ship("c")
        await served.project()
        mine = bearer(key)
        for path in READ:
            assert (await served.http.get(path, headers=mine)).status_code == 200, path
        for needed, operations in ((2, WRITE), (3, OPERATE)):
            for path, body in operations:
                answer = await served.http.post(path, json=body, headers=mine)
                if may >= needed:
                    assert answer.status_code in (200, 201, 202), (path, answer.text)
                else:
                    assert problem(answer, 403, "forbidden")["detail"].endswith(f"{name} has {Role(may).name.lower()}")
        for needed, operations in ((2, WRITE_IN_ANOTHER_STATE), (3, OPERATE_IN_ANOTHER_STATE)):
            for path, body in operations:
                status = (await served.http.post(path, json=body, headers=mine)).status_code
                assert status == (409 if may >= needed else 403), path
        for method, path in TAGGED:
            status = (await served.http.request(method.upper(), path, headers=mine)).status_code
            assert status == (200 if may >= 3 else 403), (method, path)
        config = (await served.http.get("/v1/config", headers=mine)).json()
        assert (config["actor"], config["role"]) == (f"api:{name}", Role(may).name.lower())


async def test_the_table_above_has_every_operation(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        description = await served.get("/v1/openapi.json")
    described = {
        (method, path, operation["x-required-role"])
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/") and not path.startswith(("/v1/webhooks", "/v1/gateways", "/v1/bulk-actions"))
    }
    named = {("get", _template(path), "read") for path in READ}
    named |= {("post", _template(path), "write") for path, _ in WRITE + WRITE_IN_ANOTHER_STATE}
    named |= {("post", _template(path), "operate") for path, _ in OPERATE + OPERATE_IN_ANOTHER_STATE}
    named |= {(method, _template(path), "operate") for method, path in TAGGED}
    named |= {("get", "/v1/events", "read"), ("get", "/v1/orders/{orderId}/events", "read")}
    assert described == named


def _template(path: str) -> str:
    parts = path.split("/")
    if len(parts) > 3:
        ids = {"orders": "{orderId}", "customers": "{customerId}", "projections": "{name}"}
        parts[3] = ids.get(parts[2], parts[3])
    if len(parts) > 5:
        parts[5:] = ["{tag}"] if parts[4] == "tags" else ["{refundId}", "{how}"]
    return "/".join(parts)


@pytest.mark.parametrize("header", [None, "", "Bearer", f"Basic {OPERATOR}", f"Bearer {OPERATOR}x", OPERATOR])
async def test_without_a_key_that_is_known_nothing_is_told(
    header: str | None, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS) as served:
        headers = {} if header is None else {"Authorization": header}
        for path in [*READ, "/v1/events", "/v1/orders/a/events"]:
            answer = await served.http.get(path, headers=headers)
            problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for path, body in WRITE + OPERATE:
            problem(await served.http.post(path, json=body, headers=headers), 401, "unauthorized")
        assert await served.app.store.head() == 0
        for path in ("/healthz", "/readyz", "/v1/openapi.json"):
            assert (await served.http.get(path)).status_code == 200


async def test_too_many_wrong_keys_shut_nobody_out_who_has_a_right_one(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.wrong_keys.MAX_WRONG", 3)
    async with api(database_url, temporal_client, api_keys=KEYS, key=READER) as served:
        guesses = [await served.http.get("/v1/orders", headers=bearer(f"guess-number-{number}")) for number in range(5)]
        assert [answer.status_code for answer in guesses] == [401, 401, 401, 429, 429]
        problem(guesses[-1], 429, "too-many-wrong-keys")
        assert 1 <= int(guesses[-1].headers["retry-after"]) <= 60
        assert (await served.http.get("/v1/orders")).status_code == 200
        without = await served.http.get("/v1/orders", headers={"Authorization": ""})
        problem(without, 401, "unauthorized")


async def test_events_say_whose_key_it_was(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, key=WRITER) as served:
        await served.place("a")
        [event] = [event async for event in served.app.store.stream("order-a")]
        assert event.metadata["actor"] == "api:bob"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "10.1.2.3", "localhost.evil.example", "[::2]", ""]
)
async def test_without_keys_a_page_that_names_us_otherwise_gets_nothing(
    host: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        for path in ("/v1/orders", "/", "/healthz"):
            problem(await served.http.get(path, headers={"Host": host}), 403, "forbidden")
        for good in ("localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:80", "127.9.9.9"):
            assert (await served.http.get("/v1/orders", headers={"Host": good})).status_code == 200
    async with api(database_url, temporal_client, api_keys=KEYS, key=READER) as served:
        assert (await served.http.get("/v1/orders", headers={"Host": host or "x"})).status_code == 200


async def test_pages_of_other_sites_change_nothing(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://[", "http://[x]/"):
            answer = await served.http.post("/v1/orders", json=order_data("a"), headers={"Origin": origin})
            problem(answer, 403, "forbidden")
        preflight = await served.http.options("/v1/orders", headers={"Origin": "https://evil.example"})
        assert not [name for name in preflight.headers if name.startswith("access-control")]
        ours = await served.http.post("/v1/orders", json=order_data("a"), headers={"Origin": served.url})
        assert ours.status_code == 201


def settings(**values: Any) -> Settings:
    return Settings(database_url="postgresql://x/y", **values)


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "[::]:8080", "orders.example:80", "10.0.0.1:80"])
def test_an_address_that_others_can_reach_needs_keys(address: str) -> None:
    with pytest.raises(SettingsError, match="ORDERS_API_KEYS is not set"):
        listening_address(settings(api_address=address))
    assert str(listening_address(settings(api_address=address, api_keys=KEYS))) == address


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:8080", "[::1]:8080"])
def test_this_machines_own_addresses_need_none(address: str) -> None:
    assert str(listening_address(settings(api_address=address))) == address


def test_beside_other_services_a_free_port_is_taken_where_none_is_named() -> None:
    usual = listening_address(settings())
    with listen(Address("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
            listen(Address("127.0.0.1", port))
        named = settings(api_address=f"127.0.0.1:{port}")
        assert beside_others(named) == Address("127.0.0.1", port)
    assert beside_others(settings()) in (usual, Address(usual.host, 0))


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("", "is empty"),
        (",", "is empty"),
        ("ann:read", "entry 1 is not"),
        ("ann:admin:aaaaaaaaaaaaaaaa", "role of ann must be"),
        ("a b:read:aaaaaaaaaaaaaaaa", "name of entry 1"),
        ("ann:read:fifteen-letters", "16 or more"),
        ("ann:read:secret secret secret", "visible ASCII"),
        ("ann:read:aaaaaaaaaaaaaaaa,ann:write:bbbbbbbbbbbbbbbb", "a name twice"),
        ("ann:read:aaaaaaaaaaaaaaaa,bob:write:aaaaaaaaaaaaaaaa", "a key twice"),
    ],
)
def test_keys_that_cannot_be_are_refused_without_being_told(keys: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault) as refused:
        keyring(settings(api_keys=keys))
    secrets = [entry.split(":", 2)[2] for entry in keys.split(",") if entry.count(":") == 2]
    for shown in (str(refused.value), repr(settings(api_keys=keys))):
        assert not [secret for secret in secrets if secret in shown]
