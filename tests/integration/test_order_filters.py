"""The one filter of orders, by API, export and command line: combined values, and faults that name the field."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from temporalio.client import Client

from embedded.temporal import TemporalServer
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import HoldOrder
from tests.integration.api_harness import Api, api, problem
from tests.integration.cli_harness import shell_for
from tests.running_system import order_data

ELSEWHERE: Final = {"name": "Zoë Müller", "city": "Køge", "country": "DK", "postalCode": "4600"}
# Parameters of the API, options of the command line, and the orders found.
FOUND: Final[list[tuple[str, list[str], list[str]]]] = [
    ("q=MULLER%20k%C3%B8", ["--search", "MULLER kø"], ["zoe"]),
    ("q=obere+str+berlin", ["--search", "obere str berlin"], ["held", "gone", "big"]),
    (
        "status=placed&status=cancelled&q=maria",
        ["--status=placed", "--status=cancelled", "--search=maria"],
        ["held", "gone", "big"],
    ),
    ("status=cancelled&payment=none", ["--status=cancelled", "--payment=none"], ["gone"]),
    ("onHold=true", ["--on-hold"], ["held"]),
    ("onHold=false&status=placed", ["--not-on-hold", "--status=placed"], ["zoe", "big"]),
    ("waiting=true&customerId=ALFKI", ["--waiting", "--customer=ALFKI"], ["held"]),
    ("country=dk", ["--country=Denmark"], ["zoe"]),
    ("currency=USD&minTotal=3000&maxTotal=3000", ["--currency=USD", "--min-total=3000", "--max-total=3000"], ["big"]),
    ("currency=USD&maxTotal=2999", ["--currency=USD", "--max-total=2999"], []),
    (
        "placedFrom=2026-01-02T00:00:00Z&placedTo=2026-01-03T00:00:00Z&q=zoe",
        ["--placed-from=2026-01-02T00:00:00Z", "--placed-to=2026-01-03", "--search=zoe"],
        ["zoe"],
    ),
]


async def _given_orders(served: Api) -> None:
    await served.place("big", currency="USD")
    await served.place("gone")
    await served.place("held")
    await served.place(
        "zoe",
        shippingAddress=order_data("zoe")["shippingAddress"] | ELSEWHERE,
        placedAt=datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
    )
    await served.handle("gone", CancelOrder("gone", "x", CancelledBy.CUSTOMER))
    await served.handle("held", HoldOrder("held", "fraud?"))
    await served.project()


async def test_list_export_and_command_find_the_same_orders(
    database_url: str, temporal_client: Client, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    shell = shell_for(tmp_path, database_url, temporal_server)
    async with api(database_url, temporal_client) as served:
        await _given_orders(served)
        for query, options, ids in FOUND:
            listed = (await served.http.get(f"/v1/orders?{query}")).raise_for_status().json()["orders"]
            assert [row["orderId"] for row in listed] == sorted(ids, key=["zoe", "held", "gone", "big"].index), query
            exported = (await served.http.get(f"/v1/exports/orders?{query}")).raise_for_status().text
            assert [row["orderId"] for row in csv.DictReader(io.StringIO(exported))] == [
                row["orderId"] for row in listed
            ]
            printed = await shell.orders("list", *options, "--json")
            assert (printed.code, json.loads(printed.out)["orders"]) == (0, listed), printed.err
        [zoe] = (await served.get("/v1/orders", q="zoe"))["orders"]
        assert (zoe["customerName"], zoe["country"]) == ("Zoë Müller", "DK")
        assert "Zoë Müller" in (await shell.orders("list", "--search", "zoe")).out


async def test_every_page_of_a_search_is_found_once(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await _given_orders(served)
        for query in ("q=tea", "q=tea&placedTo=2100-01-01T00:00:00Z"):
            seen, after = list[str](), ""
            while True:
                page = (await served.http.get(f"/v1/orders?{query}&limit=1{after}")).raise_for_status().json()
                seen += [row["orderId"] for row in page["orders"]]
                if page["after"] is None:
                    break
                after = f"&after={page['after']}"
            assert sorted(seen) == ["big", "gone", "held", "zoe"]


async def test_a_value_that_no_order_can_have_names_its_parameter(database_url: str, temporal_client: Client) -> None:
    faulty = {
        "q=%20-%20": "q",
        "q=%00": "q",
        "q=" + "x" * 257: "q",
        "q=a&q=b": "q",
        "status=placed&status=lost": "status",
        "payment=maybe": "payment",
        "country=Atlantis": "country",
        "onHold=perhaps": "onHold",
        "currency=eur": "currency",
        "minTotal=1": "minTotal",
        "currency=EUR&minTotal=1.5": "minTotal",
        "currency=EUR&maxTotal=-1": "maxTotal",
        "currency=EUR&minTotal=2&maxTotal=1": "minTotal",
        "currency=EUR&maxTotal=9223372036854775808": "maxTotal",
    }
    async with api(database_url, temporal_client) as served:
        for query, parameter in faulty.items():
            for path in ("/v1/orders", "/v1/exports/orders"):
                refused = problem(await served.http.get(f"{path}?{query}"), 422, "invalid-request")
                assert [fault["parameter"] for fault in refused["errors"]] == [parameter], query


async def test_all_faults_of_a_query_are_named_at_once(database_url: str, temporal_client: Client) -> None:
    faulty = {
        "q=-&country=Atlantis&limit=0&payment=maybe": {"q", "country", "limit", "payment"},
        "colour=red&limit=0&status=lost&currency=eur": {"colour", "limit", "status", "currency"},
        "q=a&q=-&after=x&country=Atlantis&metadata=a": {"q", "country", "metadata"},
        "minTotal=2&maxTotal=1": {"minTotal", "maxTotal"},
    }
    async with api(database_url, temporal_client) as served:
        for query, parameters in faulty.items():
            refused = problem(await served.http.get(f"/v1/orders?{query}"), 422, "invalid-request")
            assert {fault["parameter"] for fault in refused["errors"]} == parameters, query
        refused = problem(
            await served.http.get("/v1/orders?metadata=a&metadata=b:1&metadata=b:2"), 422, "invalid-request"
        )
        [fault] = refused["errors"]
        assert fault["detail"] == "must be KEY:VALUE, such as channel:web; names two values of the key b"


async def test_an_option_that_no_order_can_match_is_named(temporal_server: TemporalServer, tmp_path: Path) -> None:
    shell = shell_for(tmp_path, "postgresql://nowhere", temporal_server)
    for options in (
        ["--search", "?"],
        ["--search", "x" * 257],
        ["--country", "Atlantis"],
        ["--currency", "EURO"],
        ["--min-total", "5"],
        ["--min-total", "5", "--max-total", "4", "--currency", "EUR"],
        ["--placed-from", "yesterday"],
        ["--after", "x"],
        ["--status", "lost"],
    ):
        refused = await shell.orders("list", *options)
        assert (refused.code, refused.out) == (2, ""), options
        assert options[0] in refused.err
