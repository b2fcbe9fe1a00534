"""Malformed requests: each gets a clear answer, without an effect on other callers."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from orders.fields import MAX_LINES
from tests.integration.api_harness import JSON, Api, api, listening, problem, raw
from tests.running_system import order_data
from web.limits import MAX_BODY

LIMIT_HEAD = b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


async def send(served: Api, body: bytes, path: str = "/v1/orders", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await served.http.post(path, content=body, headers={**JSON, **named})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "must be an object"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"orderId": "\xc3("}', "is not UTF-8"),
        (b"nonsense", "is not JSON"),
        (b'{"a": NaN}', "is no number"),
        (b'{"a": Infinity}', "is no number"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "is nested too deeply"),
        (b"{" + b",".join(b'"f%d":1' % number for number in range(10_001)) + b"}", "has more than 10,000 fields"),
        (b'{"total": ' + b"9" * 10_000 + b"}", "too many digits"),
        (b"[]", "must be an object"),
        (b"null", "must be an object"),
        (b"1e999", "must be an object"),
        (b'"\\ud800"', "must be an object"),
    ],
)
async def test_what_is_no_order_is_told_so(
    body: bytes, detail: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        for path in ("/v1/orders", "/v1/orders/a/cancel"):
            document = problem(await send(served, body, path), 422, "invalid-request")
            assert document["errors"][0]["pointer"] == ""
            if path == "/v1/orders" and body:
                assert detail in document["errors"][0]["detail"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "a/b", " ", "x" * 129, "\u202e", "😀" * 127])
async def test_ids_that_cannot_be_are_refused_wherever_they_come(
    text: str, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        for field in ("orderId", "customerId"):
            if text.startswith("😀") and field == "customerId":
                continue
            answer = await send(served, json.dumps(order_data("b") | {field: text}).encode())
            assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == f"/{field}"
        answer = await send(served, json.dumps({"reason": text}).encode(), "/v1/orders/a/cancel")
        assert answer.status_code == (422 if text in ("a\x00b", "\ud800", " ", "\u202e") else 202)
        escaped = text.encode("utf-8", "surrogatepass")
        quoted = "".join(f"%{byte:02X}" for byte in escaped)
        for path in (f"/v1/orders/{quoted}", f"/v1/orders/{quoted}/timeline", f"/v1/customers/{quoted}"):
            assert (await served.http.get(path)).status_code in (404, 422)
        for path in (f"/v1/orders?customerId={quoted}", f"/v1/inventory?after={quoted}"):
            assert (await served.http.get(path)).status_code in (200, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/%FF",
        "/v1/orders/%00",
        "/v1/orders/..%2f..%2fetc",
        "/assets/..%2f..%2fapp.py",
        "//",
        "/v1//orders",
        "/%",
        "/v1/orders/",
    ],
)
async def test_odd_paths_lead_nowhere(path: str, database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        answer = await raw(served.url, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 422"))
        assert b"def create_app" not in answer


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        answer = await raw(served.url, LIMIT_HEAD + f"Content-Length: {MAX_BODY + 1}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 413")
        largest = b'{"a":"' + b"x" * (MAX_BODY - 8) + b'"}'
        assert len(largest) == MAX_BODY
        problem(await send(served, largest), 422, "invalid-request")
        problem(await send(served, largest + b" "), 413, "body-too-large")


async def test_a_body_in_chunks_is_cut_off_where_it_is_too_large(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        sent = 0

        async def endless() -> Any:
            nonlocal sent
            while sent < 64 * MAX_BODY:
                sent += 65536
                yield b" " * 65536

        try:
            answer = await served.http.post("/v1/orders", content=endless(), headers=JSON)
            problem(answer, 413, "body-too-large")
        except (httpx.WriteError, httpx.ReadError):
            pass  # the server closed it during the request
        assert sent < 16 * MAX_BODY
        chunked = LIMIT_HEAD + b"Transfer-Encoding: chunked\r\n\r\n100001\r\n" + b" " * 0x100001 + b"\r\n"
        assert (await raw(served.url, chunked)).startswith(b"HTTP/1.1 413")
        await served.get("/healthz")


async def test_a_body_that_does_not_come_is_given_up(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.limits.BODY_SECONDS", 0.2)
    async with api(database_url, temporal_client) as served:
        answer = await raw(served.url, LIMIT_HEAD + b"Content-Length: 10\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/jsonx"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
    ],
)
async def test_a_body_in_another_form_is_refused(
    headers: dict[str, str], database_url: str, temporal_client: Client
) -> None:
    body = json.dumps(order_data("a")).encode()
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.compress(body)
    async with api(database_url, temporal_client) as served:
        answer = await served.http.post("/v1/orders", content=body, headers=headers)
        problem(answer, 415, "unsupported-media-type")
        no_body = await served.http.post("/v1/orders/a/release", headers={"Content-Type": "text/plain"})
        problem(no_body, 415, "unsupported-media-type")
        for order_id, good in (("a", "application/json; charset=utf-8"), ("b", "Application/JSON")):
            accepted = await served.http.post(
                "/v1/orders", content=json.dumps(order_data(order_id)), headers={"Content-Type": good}
            )
            assert accepted.status_code == 201


async def test_thousands_of_faults_are_told_in_a_bounded_answer(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        lines = [{"sku": "", "name": "", "quantity": 0, "unitPrice": -1}] * MAX_LINES
        document = problem(await served.post("/v1/orders", order_data("a") | {"items": lines}), 422, "invalid-request")
        assert len(document["errors"]) == 1000
        assert document["detail"] == "order a is invalid (7,000 more faults are left out)"
        fields = {f"{n}{'x' * 300}": n for n in range(3000)}
        answer = await served.post("/v1/orders", fields)
        assert len(answer.content) < 200_000
        same = b"{" + b",".join([b'"a":1'] * 100_000) + b"}"
        problem(await send(served, same), 422, "invalid-request")


async def test_methods_that_are_not_for_an_address_say_which_are(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        for method in ("PUT", "PATCH", "DELETE", "TRACE"):
            answer = await served.http.request(method, "/v1/orders")
            problem(answer, 405, "method-not-allowed")
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
        only_post = await served.http.get("/v1/orders/a/cancel")
        assert problem(only_post, 405, "method-not-allowed")
        assert only_post.headers["allow"] == "OPTIONS, POST"
        options = await served.http.options("/v1/orders/a")
        assert (options.status_code, options.headers["allow"], options.content) == (204, "GET, HEAD, OPTIONS", b"")
        problem(await served.http.options("/v1/nothing"), 404, "not-found")


async def test_head_is_get_without_its_body(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        for path in ("/v1/orders/a", "/v1/summary", "/v1/orders/none", "/healthz"):
            get, head = await served.http.get(path), await served.http.head(path)
            assert (head.status_code, head.content) == (get.status_code, b"")
            for name in ("content-type", "content-length"):
                assert head.headers[name] == get.headers[name]
        for path in ("/v1/events", "/v1/orders/a/events"):
            async with asyncio.timeout(20):
                head = await served.http.head(path)
            assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_every_answer_has_the_security_headers(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        answers = [
            await served.http.get("/v1/orders"),
            await served.http.get("/"),
            await served.http.get("/nothing"),
            await served.http.post("/v1/orders"),
            await served.http.get("/v1/orders", headers={"Host": "evil.example"}),
        ]
        for answer in answers:
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"
            assert "server" not in answer.headers
        assert answers[0].headers["cache-control"] == "no-store"


async def test_a_broken_request_costs_the_others_nothing(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        async with listening(served, "/v1/orders/a/events") as listener:
            await listener.next()
            for bytes_ in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n"):
                assert (await raw(served.url, bytes_)).startswith(b"HTTP/1.1 400")
            await served.post("/v1/orders/a/hold", {"reason": "x"})
            assert (await listener.next()).event == "order.held"
