"""Answers during outages, and answers to internal errors."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from temporalio.client import Client

from embedded.ports import free_ports
from embedded.postgres import run_postgres
from eventstore.migrate import migrate
from open_work.kinds import KINDS
from orders.interventions import HoldOrder
from settings import Settings
from temporal import connect_temporal
from tests.integration.api_harness import Api, api, cut_connections, problem
from tests.integration.projections_harness import foreign, owner
from tests.running_system import new_id, order_data, until
from web import route


async def nowhere() -> Client:
    """Client of an address without a Temporal server."""
    [port] = free_ports(1)
    return await connect_temporal(Settings(temporal_address=f"127.0.0.1:{port}"), lazy=True)


async def test_given_temporal_away_then_orders_are_placed_read_and_cancelled_all_the_same(database_url: str) -> None:
    async with api(database_url, await nowhere()) as served:
        await served.place("a")
        await served.place("b")
        await served.handle("b", HoldOrder("b", "odd"))
        await served.project()
        assert (await served.get("/v1/orders/a/timeline"))["workflows"] is None
        attention = await served.get("/v1/attention")
        assert attention["complete"] is False
        assert [each["orderId"] for each in attention["stuck"]] == ["b"]
        assert attention["counts"] == dict.fromkeys(KINDS, 0) | {"onHold": 1}
        assert (await served.post("/v1/orders/a/cancel", {"reason": "x"})).status_code == 202
        assert (await served.post("/v1/orders/b/retry", {"reason": "x"})).status_code == 202
        await served.get("/v1/projections")
        await served.get("/readyz")


async def test_given_temporal_away_then_a_retry_that_needs_it_is_refused_and_nothing_is_done(database_url: str) -> None:
    async with api(database_url, await nowhere()) as served:
        await served.place("a")
        await served.ship("a")
        assert (await served.post("/v1/orders/a/refunds", {"reason": "x", "amount": 5})).status_code == 202
        head = await served.app.store.head()
        for _ in range(2):
            answer = await served.post("/v1/orders/a/retry", {"reason": "x"}, Idempotency_Key="k")
            problem(answer, 503, "temporal-away")
            assert answer.headers["retry-after"]
        assert await served.app.store.head() == head


async def each_answer(served: Api) -> dict[str, Any]:
    """Response of each operation that needs the database."""
    reads = [
        "/v1/orders",
        "/v1/orders/a",
        "/v1/orders/a/timeline",
        "/v1/orders/a/events",
        "/v1/summary",
        "/v1/attention",
        "/v1/customers",
        "/v1/customers/A",
        "/v1/inventory",
        "/v1/projections",
        "/v1/events",
        "/readyz",
    ]
    writes: dict[str, Any] = {
        "/v1/orders": order_data("a"),
        "/v1/orders/a/cancel": {"reason": "x"},
        "/v1/orders/a/hold": {"reason": "x"},
        "/v1/orders/a/release": {},
        "/v1/orders/a/retry": {"reason": "x"},
        "/v1/orders/a/refunds": {"reason": "x", "amount": 1},
        "/v1/projections/order-dashboard/rebuild": None,
    }
    answers = {path: await served.http.get(path) for path in reads}
    for keyed in ({}, {"Idempotency_Key": "k"}):
        answers |= {f"{path} {keyed}": await served.post(path, body, **keyed) for path, body in writes.items()}
    return answers


async def test_given_the_database_away_then_503_and_afterwards_all_is_well_again(temporal_client: Client) -> None:
    async with run_postgres(None, durable=False) as server:
        await migrate(server.dsn)
        socket = Path(parse_qs(urlsplit(server.dsn).query)["host"][0]) / ".s.PGSQL.5432"
        async with api(server.dsn, temporal_client) as served:
            await served.place("a")
            await served.project()
            await cut_connections(server.dsn, meanwhile=lambda: socket.rename(socket.with_suffix(".away")))
            for path, answer in (await each_answer(served)).items():
                document = problem(answer, 503, "database-away")
                assert answer.headers["retry-after"], path
                assert "/tmp" not in document["detail"]
            assert (await served.get("/v1/config"))["role"] == "operate"
            assert (await served.get("/healthz")) == {"status": "ok"}
            socket.with_suffix(".away").rename(socket)
            assert (await served.get("/v1/orders/a"))["status"] == "placed"


async def test_given_connections_that_were_cut_then_the_next_requests_have_new_ones(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await cut_connections(database_url)

        async def well() -> bool:
            answer = await served.http.get("/v1/orders/a")
            assert answer.status_code in (200, 503)
            return answer.status_code == 200

        await until(well, "it is well again")


async def test_given_a_database_of_another_version_then_503(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        async with owner(database_url) as connection:
            await connection.execute("drop schema projections cascade")
            await connection.execute("delete from public.schema_migrations where version = '20260101000005'")
        problem(await served.http.get("/v1/orders"), 503, "not-migrated")
        missing = problem(await served.http.get("/readyz"), 503, "not-migrated")
        assert missing["detail"] == "migrations are missing: 20260101000005"


async def test_an_order_that_cannot_be_read_is_told_so(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await foreign(served.app.store, "order.unheard_of", "order-a")
        for path in ("/v1/orders/a", "/v1/orders/a/timeline", "/v1/orders/a/events"):
            problem(await served.http.get(path), 503, "unreadable-order")


class Broken:
    """Component with a bug, whose error quotes confidential data."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("secret of the inside")


async def test_given_a_bug_of_ours_then_500_without_its_inside_and_one_traceback_in_the_log(
    database_url: str, temporal_client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    async with api(
        database_url,
        temporal_client,
        adapt=lambda app: replace(app, queries=Broken()),  # type: ignore[arg-type]
    ) as served:
        answer = await served.http.get("/v1/orders")
        problem(answer, 500, "internal-error")
        assert "secret" not in answer.text
        logged = capfd.readouterr()
        assert (logged.out + logged.err).count("ZeroDivisionError: secret of the inside") == 1
        posted = await served.post("/v1/orders", order_data(new_id()))
        assert posted.status_code == 201


async def test_an_answer_that_takes_too_long_is_given_up(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "ANSWER_SECONDS", 0.2)
    async with api(database_url, temporal_client) as served, owner(database_url) as connection:
        async with connection.transaction():
            await connection.execute("lock table projections.order_dashboard in access exclusive mode")
            problem(await served.http.get("/v1/orders"), 503, "database-away")
        await asyncio.sleep(0)
        await served.get("/v1/orders")
