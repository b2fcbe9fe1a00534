"""Personal data never leaves the database: not in logs, metrics, traces or Temporal, at the most verbose level, through
refusals, poison, crashes and bugs."""

import asyncio
import re
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from temporalio.client import Client

from bootstrap import build_app
from embedded.ports import free_ports
from embedded.temporal import TemporalServer
from eventstore.model import NewEvent
from eventstore.pool import open_pool
from settings import Settings
from tests.integration.cli_harness import Shell, as_lines, clean_environment, shell_for
from tests.integration.metrics_harness import Scraper
from tests.integration.otlp_harness import Collector, collector
from tests.plain_http import plain_http
from tests.running_system import RunningSystem, new_id, order_data, until

MARK: Final = re.compile(rb"zyxwqv|4111.?1111", re.IGNORECASE)
CARD: Final = "4111 1111 1111 1111"
ADDRESS: Final = {
    "name": "Zyxwqvname Anders",
    "line1": "Zyxwqvstreet 57",
    "line2": f"zyxwqvmail@example.com, {CARD}",
    "city": "Zyxwqvtown",
    "postalCode": "12209",
    "country": "DE",
}
ITEM: Final = {"sku": "TEA-1", "name": f"for Zyxwqvfriend, {CARD}", "quantity": 2, "unitPrice": 1500}
# A worker with a bug: its error quotes the customer, as a carrier's client library may.
BROKEN: Final = """
import cli
from gateways.simulated import SimulatedShippingGateway
async def create(self, request):
    recipient = request.recipient
    try:
        raise ValueError(f"{recipient.name}, {recipient.line1}, {recipient.line2}, {recipient.city}")
    except ValueError as error:
        raise RuntimeError(f"no label for {recipient.name}") from error
SimulatedShippingGateway.create = create
cli.app(["worker", "--json"])
"""


def marked(order_id: str, **changes: Any) -> dict[str, Any]:
    metadata = {"friend": "Zyxwqvfriend", "zyxwqvkey": CARD}
    return order_data(order_id, metadata=metadata, shippingAddress=ADDRESS, items=[ITEM], total=3000) | changes


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as given:
        yield given


@pytest.fixture
def shell(tmp_path: Path, database_url: str, temporal_server: TemporalServer, collected: Collector) -> Shell:
    plain = shell_for(tmp_path, database_url, temporal_server)
    loud = {"ORDERS_LOG_LEVEL": "debug", "ORDERS_SHIPPING_UNAVAILABLE_ABOVE": "100"} | collected.environment
    return Shell(tmp_path, plain.environment | loud)


@pytest.fixture
async def system(shell: Shell, database_url: str, temporal_client: Client) -> AsyncIterator[RunningSystem]:
    settings = Settings(database_url=database_url, task_queue=shell.environment["ORDERS_TASK_QUEUE"])
    async with open_pool(database_url) as pool:
        system = RunningSystem(build_app(settings, pool), temporal_client)
        await system.stock(TEA_1=500)
        yield system


@asynccontextmanager
async def broken_worker(shell: Shell, metrics: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Worker with the bug, killed in the middle of its work."""
    environment = clean_environment() | shell.environment | {"ORDERS_METRICS_ADDRESS": metrics}
    with (shell.folder / "broken.log").open("wb") as log:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BROKEN, cwd=shell.folder, env=environment, stdout=log, stderr=log
        )
    try:
        yield worker
    finally:
        worker.kill()
        await worker.wait()


async def poison(system: RunningSystem, order_id: str) -> None:
    """Events with the marks in fields of the wrong type, and one that a column refuses."""
    bad = {"orderId": order_id, "customerId": "Zyxwqvcustomer", "total": "Zyxwqvtotal", "shippingAddress": ADDRESS}
    await system.app.store.append(f"order-{order_id}", [NewEvent(uuid.uuid4(), "order.placed", bad)], expected=0)


async def through_the_api(shell: Shell, system: RunningSystem) -> list[bytes]:
    """Send good and bad requests; return the API's metrics."""
    address, metrics = (f"127.0.0.1:{port}" for port in free_ports(2))
    async with (
        shell.serving("api", ORDERS_API_ADDRESS=address, ORDERS_METRICS_ADDRESS=metrics),
        plain_http(f"http://{address}") as client,
    ):
        order = new_id()
        assert (await client.post("/v1/orders", json=marked(order))).status_code == 201
        assert (await client.post("/v1/orders", json=marked(new_id(), total="Zyxwqvtotal"))).status_code == 422
        assert (await client.post("/v1/orders", content=b'{"name": "Zyxwqv')).status_code in (400, 415, 422)
        assert (await client.get("/v1/orders/zyxwqv-unknown")).status_code == 404
        assert (await client.get("/v1/orders", params={"zyxwqv": "Zyxwqvquery"})).status_code == 422
        noted = await client.post(f"/v1/orders/{order}/notes", json={"text": f"Zyxwqvnote {CARD}"})
        assert noted.status_code == 201, noted.text
        refused = await client.post(f"/v1/orders/{order}/notes", json={"text": "Zyxwqvnote " * 1_000})
        assert refused.status_code == 422
        odd = order_data(new_id(), metadata={"zyxwqv key": "Zyxwqvfriend\x07"})
        assert (await client.post("/v1/orders", json=odd)).status_code == 422
        assert (await client.get("/v1/orders", params={"metadata": "friend:Zyxwqvfriend"})).status_code == 200
        assert (await client.get("/v1/orders", params={"metadata": "Zyxwqvfriend"})).status_code == 422
        held = await client.post(f"/v1/orders/{order}/hold", json={"reason": f"Zyxwqvreason {CARD}"})
        assert held.status_code == 202, held.text
        cancelled = await client.post(f"/v1/orders/{order}/cancel", json={"reason": f"Zyxwqvreason {CARD}"})
        assert cancelled.status_code == 202, cancelled.text
        return [(await Scraper(metrics).page()).encode()]


async def histories(system: RunningSystem) -> list[bytes]:
    """All data of the fleet's workflows at Temporal."""
    queue = system.app.settings.task_queue
    recorded = []
    async for found in system.client.list_workflows(f"TaskQueue = '{queue}'"):
        handle = system.client.get_workflow_handle(found.id, run_id=found.run_id)
        recorded += [event.SerializeToString() async for event in handle.fetch_history_events()]
        recorded.append((await handle.describe()).raw_description.SerializeToString())
    return recorded


async def test_no_personal_data_leaves_the_database(
    shell: Shell, system: RunningSystem, collected: Collector, owner: asyncpg.Connection
) -> None:
    metrics = f"127.0.0.1:{free_ports(1)[0]}"
    shown: list[bytes] = []
    waiting, refused, sold_out = new_id(), new_id(), new_id()
    async with broken_worker(shell, metrics):
        orders = as_lines(
            marked(waiting),
            marked(refused, items=[ITEM | {"quantity": 101, "unitPrice": 1}], total=101),
            marked(sold_out, items=[ITEM | {"quantity": 9999}], total=9999 * 1500),
        )
        placed = await shell.orders("place", "-", given=orders + b'{"orderId": "Zyxwqv"}\n')
        assert placed.code == 1, "the last line is refused"
        await system.step_is_failing(waiting, "create-shipment")
        await poison(system, "poisoned")
        shown.append((await Scraper(metrics).page()).encode())
    shown += await through_the_api(shell, system)  # no worker ships the order before it is held
    async with shell.serving("worker", ORDERS_METRICS_ADDRESS=metrics):
        await system.settled(waiting, "shipped", seconds=60)
        await system.settled(refused, "cancelled", seconds=60)
        await system.settled(sold_out, "cancelled", seconds=60)

        async def parked() -> bool:
            page = await Scraper(metrics).samples("orders_state_parked_events")
            return min(page.get((reader,), 0) for reader in ("dispatcher", "order-dashboard", "customer-orders")) >= 1

        await until(parked, "every reader has parked the poison")
        shown.append((await Scraper(metrics).page()).encode())
    recorded = await histories(system)

    stored = await owner.fetchval("select string_agg(data::text, '') from eventstore.events")
    assert MARK.search(stored.encode()), "the marks are where they belong"
    assert len(recorded) > 100
    assert len(collected.bodies) > 3
    logs = {file.name: await asyncio.to_thread(file.read_bytes) for file in shell.folder.glob("*.log")}
    assert b"activity failed" in logs["broken.log"], "the bug is logged"
    assert b"event parked" in logs["broken.log"] + logs["worker.log"]
    everything = {**logs, **{f"shown {n}": page for n, page in enumerate(shown)}}
    everything |= {f"spans {n}": body for n, body in enumerate(collected.bodies)}
    everything |= {f"temporal {n}": event for n, event in enumerate(recorded)}
    found = {name: MARK.findall(content) for name, content in everything.items() if MARK.search(content)}
    assert found == {}


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
