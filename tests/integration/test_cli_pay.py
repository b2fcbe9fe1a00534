"""`orders pay`, and the output of `orders show` and `orders list` about an order that waits for its payment."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from embedded.temporal import TemporalServer
from tests.integration.cli_harness import Shell, shell_for
from tests.replay.payment_paths import accept_everything, waits
from tests.running_system import RunningSystem, running_system, until


@pytest.fixture
async def system(database_url: str, temporal_client: Client) -> AsyncIterator[RunningSystem]:
    async with running_system(
        database_url, temporal_client, payment_decline_above=100_00, payment_deadline=timedelta(days=3)
    ) as running:
        await running.stock(TEA_1=10)
        yield running


@pytest.fixture
def shell(system: RunningSystem, temporal_server: TemporalServer, tmp_path: Path) -> Shell:
    settings = system.app.settings
    assert settings.database_url
    shell = shell_for(tmp_path, settings.database_url, temporal_server)
    return Shell(tmp_path, shell.environment | {"ORDERS_TASK_QUEUE": settings.task_queue})


async def test_a_waiting_order_is_shown_truthfully_and_paid_by_another_card(
    system: RunningSystem, shell: Shell
) -> None:
    order_id = await system.place(unit_price=90_00, paymentMethod="pm_1")
    await waits(system, order_id, 1)
    shown = await shell.orders("show", order_id)
    assert "the amount is above the limit (amount_above_limit), waits until" in " ".join(shown.out.split())

    async def listed() -> bool:
        row = (await shell.orders("list", "--json")).document["orders"][0]
        return row["waitsUntil"] is not None and row["paymentFailure"] == "the amount is above the limit"

    await until(listed, "the list shows the failure and the deadline")
    assert (await shell.orders("attention", "--json")).document["stuck"] == []

    accept_everything(system)
    paid = await shell.orders("pay", order_id, "--payment-method", "pm_2")
    assert (paid.code, paid.out.strip()) == (0, f"order {order_id} is charged again")
    await system.settled(order_id, "shipped")
    late = await shell.orders("pay", order_id, "--payment-method", "pm_3")
    assert late.code == 1
    assert "awaits no means of payment: it is shipped" in late.err
    document = json.loads((await shell.orders("show", order_id, "--json")).out)
    assert document["paymentMethod"] == "pm_2"
    actors = [event.metadata.get("actor") async for event in system.app.store.stream(f"order-{order_id}")]
    assert any(str(actor).startswith("cli:") for actor in actors)
