"""GET /v1/figures: occurrences by day and currency, in the zone of the request, which the response names."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import Client

from orders.commands import CancelOrder, RecordRefund
from orders.events import CancelledBy
from orders.interventions import RequestRefund
from tests.integration.api_harness import api, problem

NOTHING = {f"{name}{part}": 0 for name in ("placed", "charged", "shipped", "refunded") for part in ("", "Amount")} | {
    "cancelled": 0
}


def figures(currency: str, **some: int) -> dict[str, Any]:
    return {"currency": currency} | NOTHING | some


async def test_a_refund_counts_with_its_own_amount_and_an_older_order_is_not_placed_today(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        placed_at = (datetime.now(UTC) - timedelta(days=40)).isoformat()
        await served.place("old", placedAt=placed_at)
        await served.ship("old")
        await served.handle("old", RequestRefund("old", "cent", 1, "a cent too much"))
        payment = (await served.get("/v1/orders/old"))["payment"]["paymentId"]
        await served.handle("old", RecordRefund("old", "cent", payment, 1, "a cent too much"))
        await served.place("new", currency="JPY")
        await served.handle("new", CancelOrder("new", "x", CancelledBy.CUSTOMER))
        await served.project()
        found = await served.get("/v1/figures")
        assert (found["zone"], found["from"]) == ("UTC", found["to"])
        [today] = found["days"]
        assert today["currencies"] == [
            figures("EUR", charged=1, chargedAmount=3000, shipped=1, shippedAmount=3000, refunded=1, refundedAmount=1),
            figures("JPY", placed=1, placedAmount=3000, cancelled=1),
        ]
        [then, *others] = (await served.get("/v1/figures", **{"from": placed_at[:10]}))["days"]
        assert then["currencies"] == [figures("EUR", placed=1, placedAmount=3000)]
        assert (len(others), others[-1]) == (40, today)


async def test_days_are_those_of_the_zone_and_the_response_names_it(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("early", placedAt="2026-01-31T18:14:59Z")
        await served.place("late", placedAt="2026-01-31T18:15:00Z")
        await served.project()
        found = await served.get("/v1/figures", **{"from": "2026-01-31"}, to="2026-02-02", zone="Asia/Kathmandu")
        assert (found["zone"], found["from"], found["to"]) == ("Asia/Kathmandu", "2026-01-31", "2026-02-02")
        shown = [(day["day"], day["since"], [each["placed"] for each in day["currencies"]]) for day in found["days"]]
        assert shown == [
            ("2026-01-31", "2026-01-30T18:15:00Z", [1]),
            ("2026-02-01", "2026-01-31T18:15:00Z", [1]),
            ("2026-02-02", "2026-02-01T18:15:00Z", []),
        ]


REFUSED: Final = {
    "zone=Mars": "zone",
    "zone=../../etc/passwd": "zone",
    "from=0": "from",
    "from=2026-1-1": "from",
    "from=2026-02-30": "from",
    "to=2026-01-31T00:00:00Z": "to",
    "from=1969-12-31&to=1970-01-01": "from",
    "to=2201-01-01": "to",
    "from=2026-01-02&to=2026-01-01": "to",
    "from=2025-01-01&to=2026-01-02": "from",
}


async def test_a_period_or_zone_without_meaning_is_refused_by_its_parameter(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        for query, parameter in REFUSED.items():
            found = problem(await served.http.get(f"/v1/figures?{query}"), 422, "invalid-request")
            assert [each["parameter"] for each in found["errors"]] == [parameter], query


async def test_shipping_times_are_of_the_orders_placed_on_each_day(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        now = datetime.now(UTC)
        yesterday = now.date() - timedelta(days=1)
        for number in range(10):
            noon = datetime(yesterday.year, yesterday.month, yesterday.day, 12, number, tzinfo=UTC)
            await served.place(f"o-{number}", placedAt=noon.isoformat())
            await served.ship(f"o-{number}")
        await served.place("open", placedAt=noon.isoformat())
        await served.project()
        found = await served.get("/v1/figures/shipping-times", **{"from": yesterday.isoformat()}, zone="UTC")
        [then, today] = found["days"]
        assert (found["zone"], then["orders"]) == ("UTC", 10)
        assert 0 < then["medianSeconds"] < then["ninetiethSeconds"] < 2 * 86_400
        assert (today["orders"], today["medianSeconds"], today["ninetiethSeconds"]) == (0, None, None)
        long = (yesterday - timedelta(days=31)).isoformat()
        refused = problem(await served.http.get(f"/v1/figures/shipping-times?from={long}"), 422, "invalid-request")
        assert refused["errors"][0]["parameter"] == "from"
