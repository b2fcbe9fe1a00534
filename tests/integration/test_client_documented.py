"""The example in orders_client/README.md, and the scripts that use the client: they need the API alone, no database."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.client_documents import FOLDER, MODULES, source
from tests.integration.api_harness import KEYS, OPERATOR, Api, api_of
from tests.integration.cli_harness import ROOT, clean_environment
from tests.running_system import RunningSystem, new_id, running_system

[EXAMPLE] = re.findall(r"```python\n(.*?)```", (ROOT / "orders_client" / "README.md").read_text(), re.DOTALL)


@pytest.fixture
async def system(database_url: str, temporal_client: Client) -> AsyncIterator[RunningSystem]:
    async with running_system(database_url, temporal_client, api_keys=KEYS) as running:
        yield running


@pytest.fixture
async def served(system: RunningSystem) -> AsyncIterator[Api]:
    async with api_of(system.app, system.client) as opened:
        yield opened


async def run_script(served: Api, *arguments: str) -> list[str]:
    """The lines that a script prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=clean_environment() | {"API": served.url, "KEY": OPERATOR, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode().splitlines()


async def test_the_example_places_an_order_waits_for_it_and_acts_on_it(system: RunningSystem, served: Api) -> None:
    await system.stock(NW_001=10)
    printed = await run_script(served, "-c", EXAMPLE)
    assert printed[0] == "web-1001 is shipped"
    assert [line.split()[1] for line in printed[1:7]] == [
        *("order.placed", "order.confirmed", "order.paid", "order.shipped", "order.refund_requested", "order.refunded")
    ]
    assert printed[7] == "web-1001 3600 EUR"
    assert printed[8].startswith("order-not-cancellable – order web-1001 can no longer be cancelled")


async def test_a_script_without_a_database_places_a_file_and_starts_a_lost_workflow(
    system: RunningSystem, served: Api, tmp_path: Path
) -> None:
    await system.stock(NW_001=100)
    orders = (ROOT / "data" / "northwind" / "orders.jsonl").read_text().splitlines()[:3]
    orders = [json.dumps(json.loads(line) | {"orderId": new_id()}) for line in orders]
    (tmp_path / "orders.jsonl").write_text("\n".join([*orders, orders[0]]))
    printed = await run_script(served, str(ROOT / "scripts" / "place_orders.py"), str(tmp_path / "orders.jsonl"))
    assert sorted(line.partition(": ")[2] for line in printed) == ["placed", "placed", "placed", "was placed before"]
    order_id = printed[0].partition(":")[0]
    await system.settled(order_id, "cancelled")  # its goods are not in stock
    retried = await run_script(served, str(ROOT / "scripts" / "retry_order.py"), order_id, "asked by the shop")
    assert retried[0].startswith("started or woken: fulfill-order – it stays cancelled")
    assert retried[1] == f"{order_id} is cancelled"


@pytest.mark.parametrize("module", MODULES)
def test_the_types_are_those_of_the_description(module: str) -> None:
    assert (FOLDER / f"{module}.py").read_text() == source(module), "run `make client`"
