"""Conventions of HTTP: unchanged orders, compression, media types, rates, and exports."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from temporalio.client import Client

from orders.interventions import HoldOrder
from tests.integration.api_harness import KEYS, READER, WRITER, Api, api, bearer, problem


@pytest.fixture
async def served(database_url: str, temporal_client: Client) -> AsyncIterator[Api]:
    async with api(database_url, temporal_client, api_keys=KEYS, key=WRITER) as opened:
        yield opened


async def test_an_order_that_the_client_has_is_not_sent_again(served: Api) -> None:
    await served.place("a")
    first = await served.http.get("/v1/orders/a")
    assert (first.headers["etag"], first.headers["cache-control"]) == ('"1"', "private, no-cache")
    for tag in ('"1"', 'W/"1"', '"7", "1"', "*"):
        again = await served.http.get("/v1/orders/a", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"1"'), tag
    for tag in ('"2"', "1", ""):
        assert (await served.http.get("/v1/orders/a", headers={"If-None-Match": tag})).status_code == 200, tag
    await served.handle("a", HoldOrder("a", "x"))
    changed = await served.http.get("/v1/orders/a", headers={"If-None-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')


async def test_a_long_response_is_compressed_for_a_client_that_can_read_it(served: Api) -> None:
    for number in range(3):
        await served.place(f"o-{number}")
    await served.project()
    packed = await served.http.get("/v1/orders", headers={"Accept-Encoding": "gzip"})
    plain = await served.http.get("/v1/orders", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    refusing = await served.http.get("/v1/orders", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refusing.headers
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.json() == plain.json()


async def test_a_compressed_order_has_an_entity_tag_of_its_own_that_is_as_good_as_the_other(served: Api) -> None:
    items = [{"sku": f"TEA-{n}", "name": "Tea " * 20, "quantity": 1, "unitPrice": 1} for n in range(10)]
    await served.place("a", items=items, total=10)  # a document of more than 1,000 bytes
    gzip, identity = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}
    packed = await served.http.get("/v1/orders/a", headers=gzip)
    plain = await served.http.get("/v1/orders/a", headers=identity)
    assert packed.headers["content-encoding"] == "gzip"
    assert (packed.headers["etag"], plain.headers["etag"]) == ('"1-gzip"', '"1"')
    for tag, accepted in (('"1-gzip"', gzip), ('"1"', identity), ('"0", "1-gzip"', identity), ('"1"', gzip)):
        again = await served.http.get("/v1/orders/a", headers={**accepted, "If-None-Match": tag})
        kept = '"1-gzip"' if "gzip" in tag else '"1"'
        assert (again.status_code, again.headers["etag"], again.headers["vary"]) == (304, kept, "Accept-Encoding"), tag
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    for tag, status in (('"7-gzip"', 412), ('"1-gzip"', 202)):
        act = await served.post("/v1/orders/a/cancel", {"reason": "x"}, If_Match=tag)
        assert act.status_code == status, act.text


async def test_a_file_of_the_page_that_the_browser_has_is_not_sent_again(served: Api) -> None:
    first = await served.http.get("/assets/main.js", headers={"Accept-Encoding": "gzip"})
    assert first.headers["etag"].endswith('-gzip"')
    again = await served.http.get(
        "/assets/main.js", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.headers["etag"], again.content) == (304, first.headers["etag"], b"")


async def test_a_media_type_that_the_client_does_not_take_is_refused(served: Api) -> None:
    refused = await served.http.get("/v1/orders", headers={"Accept": "text/html"})
    problem(refused, 406, "not-acceptable")
    placed = await served.http.post("/v1/orders", json={}, headers={"Accept": "application/xml"})
    problem(placed, 406, "not-acceptable")
    assert (await served.http.get("/v1/orders", headers={"Accept": "text/html, */*;q=0.1"})).status_code == 200


@pytest.mark.parametrize(
    ("path", "parameter", "value", "detail"),
    [
        ("/v1/figures", "from", "2026-02-30", 'must be a date that exists, such as 2026-01-31, not "2026-02-30"'),
        ("/v1/figures", "to", "tomorrow", "must be a day such as 2026-01-31"),
        ("/v1/orders", "waiting", "perhaps", 'must be true or false, not "perhaps"'),
        ("/v1/orders", "limit", "9" * 31, "must be a whole number"),
        ("/v1/orders", "limit", "201", 'must be at most 200, not "201"'),
        ("/v1/exports/orders", "format", "xls", "must be 'csv' or 'jsonl', not \"xls\""),
        ("/v1/orders", "placedFrom", "now", "must be a time such as 2026-01-31T09:30:00Z"),
        ("/v1/orders", "customerId", "", "must be 1 to 128 characters long, not 0"),
    ],
)
async def test_an_invalid_parameter_is_named_with_its_problem(
    served: Api, path: str, parameter: str, value: str, detail: str
) -> None:
    document = problem(await served.http.get(path, params={parameter: value}), 422, "invalid-request")
    assert document["errors"] == [{"parameter": parameter, "detail": detail}]


async def test_a_key_beyond_its_rate_is_refused_and_its_neighbour_is_served(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client, api_keys=KEYS, api_requests_per_second=0.01) as slow:
        assert (await slow.http.get("/v1/config", headers=bearer(READER))).status_code == 200
        refused = await slow.http.get("/v1/config", headers=bearer(READER))
        problem(refused, 429, "too-many-requests")
        assert 90 <= int(refused.headers["retry-after"]) <= 100
        assert (await slow.http.get("/v1/config", headers=bearer(WRITER))).status_code == 200


async def test_an_export_has_every_order_of_its_filter(served: Api) -> None:
    for number in range(3):
        await served.place(f"o-{number}", customerId="=cmd" if number else "ada")
    await served.handle("o-1", HoldOrder("o-1", "=1+1"))
    await served.project()
    whole = await served.http.get("/v1/exports/orders")
    assert whole.headers["content-type"] == "text/csv; charset=utf-8"
    assert whole.headers["content-disposition"] == 'attachment; filename="orders.csv"'
    rows = list(csv.DictReader(StringIO(whole.text, newline="")))
    assert [row["orderId"] for row in rows] == ["o-2", "o-1", "o-0"]
    assert [row["customerId"] for row in rows] == ["'=cmd", "'=cmd", "ada"]
    lines = await served.http.get("/v1/exports/orders", params={"format": "jsonl", "waiting": True})
    assert [json.loads(line)["holdReason"] for line in lines.text.splitlines()] == ["=1+1"]
    assert (await served.get("/v1/orders", waiting=True))["orders"] == [json.loads(lines.text)]
    assert (await served.http.get("/v1/exports/orders", params={"status": "shipped"})).text.count("\n") == 1
