"""A person's choice of carrier and service for an order's label, by `orders retry` and the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from embedded.temporal import TemporalServer
from gateways.simulated.shipping import CARRIER
from tests.integration.api_harness import api_of
from tests.integration.cli_harness import Shell, shell_for
from tests.running_system import RunningSystem, running_system
from tests.workflow.steering import Steering


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
async def system(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    """System in virtual time: pauses between rounds take no real time."""
    client = TimeSkipper(temporal_client).client
    async with running_system(database_url, client, interceptors=[steering]) as running:
        await running.stock(TEA_1=100)
        yield running


@pytest.fixture
def shell(system: RunningSystem, temporal_server: TemporalServer, tmp_path: Path) -> Shell:
    settings = system.app.settings
    assert settings.database_url
    shell = shell_for(tmp_path, settings.database_url, temporal_server)
    return Shell(tmp_path, shell.environment | {"ORDERS_TASK_QUEUE": settings.task_queue})


async def test_a_choice_that_is_not_offered_needs_attention_until_another_is_made(
    system: RunningSystem, shell: Shell, steering: Steering, temporal_client: Client
) -> None:
    label = steering.hold_before("create-shipment")
    order_id = await system.place()
    await label.reached.wait()
    retried = await shell.orders("retry", order_id, "--reason", "cheaper", "--carrier", "Nobody", "--service", "Mule")
    assert (retried.code, retried.err) == (0, "")
    label.release.set()
    await system.needs_attention(order_id)
    [row] = (await shell.orders("attention", "--json")).document["stuck"]
    assert (row["orderId"], row["state"], row["step"]) == (order_id, "paid", "create-shipment")
    assert row["error"] == (
        f"no rate of Nobody Mule is offered, only {CARRIER} "
        "(`orders retry` tries again at once, `orders cancel` ends the order)"
    )
    async with api_of(system.app, temporal_client) as served:
        body = {"reason": "the only one", "carrier": CARRIER.lower(), "service": " "}
        answer = await served.post(f"/v1/orders/{order_id}/retry", body)
        assert (answer.status_code, answer.json()["workflows"]) == (202, ["fulfill-order"])
        await system.settled(order_id, "shipped")
        late = await served.post(f"/v1/orders/{order_id}/retry", body)
        assert (late.status_code, late.json()["type"].rpartition(":")[2]) == (409, "illegal-transition")
    refused = await shell.orders("retry", order_id, "--reason", "too late", "--carrier", "Nobody")
    assert refused.code == 1
    assert "takes no choice of a carrier or service: it is shipped" in refused.err
