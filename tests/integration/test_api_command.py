"""`orders api` as a process: start, output, end."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from embedded.ports import free_ports
from embedded.temporal import TemporalServer
from tests.forked import Forked
from tests.integration.api_harness import KEYS, OPERATOR, READER, WRITER, bearer
from tests.integration.cli_harness import Shell, shell_for
from tests.plain_http import plain_http
from tests.running_system import order_data

PASSWORD = "password-of-the-database"


@asynccontextmanager
async def served(shell: Shell, **settings: str) -> AsyncIterator[tuple[httpx.AsyncClient, Forked]]:
    """A process that serves, and a client of it."""
    [port] = free_ports(1)
    address = f"127.0.0.1:{port}"
    async with (
        shell.serving("api", ORDERS_API_ADDRESS=address, **settings) as process,
        plain_http(f"http://{address}", timeout=30) as http,
    ):
        yield http, process


def log_of(shell: Shell) -> str:
    return (shell.folder / "api.log").read_text()


async def test_no_key_and_nothing_personal_is_in_the_log(
    tmp_path: Path, database_url: str, temporal_server: TemporalServer
) -> None:
    shell = shell_for(tmp_path, database_url, temporal_server)
    output: list[httpx.Response] = []
    async with served(shell, ORDERS_API_KEYS=KEYS, ORDERS_LOG_LEVEL="debug", ORDERS_LOG_FORMAT="json") as (http, _):
        for key in (READER, WRITER, OPERATOR, "wrong-key-wrong-key"):
            mine = bearer(key)
            for path in ("/v1/orders?customerId=in-the-query", "/v1/config", "/v1/orders/in-the-path", "/in-the-path"):
                output.append(await http.get(path, headers=mine))
            for order in (order_data("a"), order_data("a", customerId="x/y", shippingAddress={"name": "Maria Anders"})):
                output.append(
                    await http.post("/v1/orders", json=order, headers={**mine, "Idempotency-Key": "in-the-key"})
                )
            output.append(await http.post("/v1/orders", content=b"{Maria", headers=mine))
            output.append(await http.post("/v1/orders/a/cancel", json={"reason": "Maria wants"}, headers=mine))
    lines = [json.loads(line) for line in log_of(shell).splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == len(output)
    assert {line["actor"] for line in requests} == {None, "api:ann", "api:bob", "api:cyd"}
    assert {"method": "GET", "route": "/v1/orders/{orderId}", "status": 404, "actor": "api:ann"}.items() <= next(
        line for line in requests if line["status"] == 404
    ).items()
    assert all(line["ms"] > 0 for line in requests)
    assert [line["requestId"] for line in requests] == [answer.headers["X-Request-Id"] for answer in output]
    # An order that there is, and of a caller who may read it.
    assert {line.get("orderId") for line in requests if line["actor"]} == {None, "a"}
    assert all("orderId" not in line for line in requests if line["actor"] is None)
    for secret in (READER, WRITER, OPERATOR, "wrong-key"):
        assert secret not in log_of(shell)
        assert not [answer for answer in output if secret in answer.text + str(answer.headers)]
    for personal in ("Maria", "Obere Str", "in-the-query", "in-the-path", "in-the-key", "ALFKI"):
        assert personal not in log_of(shell)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_stop_it_ends_its_streams_and_leaves_with_0(
    sent: signal.Signals, tmp_path: Path, database_url: str, temporal_server: TemporalServer
) -> None:
    shell = shell_for(tmp_path, database_url, temporal_server)
    async with served(shell) as (http, process), http.stream("GET", "/v1/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == ": open"
        process.send_signal(sent)
        async with asyncio.timeout(20):
            assert [line async for line in lines if line] == ["id: 0"]
            assert await process.wait() == 0
    assert "Traceback" not in log_of(shell)


async def test_it_serves_without_temporal_and_says_where(tmp_path: Path, database_url: str) -> None:
    [port, unused] = free_ports(2)
    shell = Shell(
        tmp_path,
        {
            "DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": f"127.0.0.1:{unused}",
            "ORDERS_API_ADDRESS": f"127.0.0.1:{port}",
        },
    )
    async with shell.started("api", "--json") as process, asyncio.timeout(30):
        assert process.stdout
        url = json.loads(await process.stdout.readline())["url"]
        assert url == f"http://127.0.0.1:{port}"
        async with plain_http(url) as http:
            assert (await http.post("/v1/orders", json=order_data("a"))).status_code == 201
        process.terminate()
        assert await process.wait() == 0


@pytest.mark.parametrize(
    ("settings", "output"),
    [
        ({"ORDERS_API_ADDRESS": "0.0.0.0:1"}, "ORDERS_API_KEYS is not set"),
        ({"ORDERS_API_ADDRESS": "nonsense"}, "ORDERS_API_ADDRESS"),
        ({"ORDERS_API_KEYS": "ann:read:short-secret"}, "the key of ann must be 16"),
        ({"ORDERS_API_ADDRESS": "taken"}, "(ORDERS_API_ADDRESS): Address already in use"),
        (
            {"DATABASE_URL": f"postgresql://u:{PASSWORD}@127.0.0.1:9/x"},
            "the database at 127.0.0.1:9/x cannot be reached",
        ),
    ],
)
async def test_what_cannot_be_served_is_said_in_a_sentence(
    settings: dict[str, str], output: str, tmp_path: Path, database_url: str, temporal_server: TemporalServer
) -> None:
    shell = shell_for(tmp_path, database_url, temporal_server)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    taken = "{}:{}".format(*server.sockets[0].getsockname())
    async with server:
        given = {name: taken if value == "taken" else value for name, value in settings.items()}
        ended = await Shell(tmp_path, shell.environment | given).orders("api")
    assert ended.code == 1
    assert output in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "short-secret" not in ended.err
    assert PASSWORD not in ended.err


async def test_dev_serves_the_api_too_and_announces_it(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {})
    async with shell.started("dev", "--json") as process:
        assert process.stdout
        async with asyncio.timeout(90):
            document = json.loads(await process.stdout.readline())
        announced = json.loads((tmp_path / ".orders" / "services.json").read_text())
        assert announced["url"] == document["url"]
        async with plain_http(document["url"]) as http:
            config = (await http.get("/v1/config")).json()
            assert (config["actor"], config["temporalUiUrl"]) == ("api:local", document["temporalUiUrl"])
        assert (await shell.orders("list", "--json")).document == {"orders": [], "after": None}
        os.kill(process.pid, signal.SIGINT)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    assert not (tmp_path / ".orders" / "services.json").exists()
