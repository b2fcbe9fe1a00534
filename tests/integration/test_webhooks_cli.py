"""`orders webhooks` beside a running system."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from embedded.temporal import TemporalServer
from eventstore.checkpoints import lags
from tests.integration.cli_harness import Shell, shell_for
from tests.running_system import RunningSystem, running_system, until
from tests.webhook_receiver import Answer, Receiver, receiving
from tests.workflow.webhooks_harness import count_is, hurry, received
from webhooks.deliveries import State
from webhooks.endpoints import READER


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningSystem]:
    hurry(monkeypatch, keep_trying=timedelta(seconds=1))
    async with running_system(database_url, temporal_client, webhooks_allow_private=True) as running:
        await running.stock(TEA_1=100)
        yield running


@pytest.fixture
def shell(system: RunningSystem, temporal_server: TemporalServer, tmp_path: Path) -> Shell:
    settings = system.app.settings
    assert settings.database_url
    made = shell_for(tmp_path, settings.database_url, temporal_server)
    ours = {"ORDERS_TASK_QUEUE": settings.task_queue, "ORDERS_WEBHOOKS_ALLOW_PRIVATE": "true"}
    return Shell(tmp_path, made.environment | ours)


async def _passed_over(system: RunningSystem) -> bool:
    [reader] = await lags(system.app.pool, READER)
    return reader.events == 0


async def test_an_endpoint_from_its_first_day_to_its_last(
    shell: Shell, system: RunningSystem, receiver: Receiver
) -> None:
    secret_url = f"{receiver.url}?token=hunter2"
    added = await shell.orders("webhooks", "add", secret_url, "--topic", "order.placed", "--json")
    assert added.code == 0, added.err
    endpoint, secret = added.document["id"], added.document["secret"]
    order_id = await system.place()
    await received(receiver, order_id, 1)
    receiver.received[0].verify(secret)
    assert receiver.received[0].path == "/hooks?token=hunter2"

    listed = await shell.orders("webhooks", "list", "--json")
    shown = await shell.orders("webhooks", "show", endpoint, "--json")
    assert listed.document["endpoints"] == [shown.document]
    for each in (
        listed,
        shown,
        await shell.orders("webhooks", "list"),
        await shell.orders("webhooks", "show", endpoint),
    ):
        assert endpoint in each.out
        assert secret not in each.out + each.err
        assert "hunter2" not in each.out + each.err

    rotated = await shell.orders("webhooks", "rotate", endpoint, "--overlap", "0", "--json")
    order_id = await system.place()
    await received(receiver, order_id, 1)
    receiver.of(order_id)[0].verify(rotated.document["secret"])

    assert (await shell.orders("webhooks", "disable", endpoint)).out == "disabled\n"
    missed = await system.place()
    await system.settled(missed, "shipped")
    await until(lambda: _passed_over(system), "the reader has passed the order's events over")
    enabled = await shell.orders("webhooks", "enable", endpoint, "--json")
    start = enabled.document["missedFrom"]
    replayed = await shell.orders("webhooks", "replay", endpoint, "--from", str(start), "--wait", "--json")
    assert (replayed.code, replayed.document["done"]) == (0, True), replayed.err
    await received(receiver, missed, 1)

    assert (await shell.orders("webhooks", "remove", endpoint)).code == 0
    gone = await shell.orders("webhooks", "show", endpoint)
    assert (gone.code, gone.err) == (1, f"there is no webhook endpoint {endpoint}\n")


async def test_a_parked_delivery_is_in_attention_with_its_error_until_it_is_retried(
    shell: Shell, system: RunningSystem, receiver: Receiver
) -> None:
    receiver.decide = lambda _: Answer(500)
    endpoint, _ = await system.app.endpoints.add(receiver.url, ["order.shipped"])
    order_id = await system.place()
    await count_is(system, endpoint, State.PARKED, 1)
    found = await shell.orders("attention", "--json")
    assert found.code == 1
    [stuck] = found.document["stuck"]
    listed = await shell.orders("webhooks", "deliveries", "--endpoint", endpoint.id, "--status", "parked", "--json")
    [parked] = listed.document["deliveries"]
    assert (stuck["kind"], stuck["orderId"], stuck["error"]) == ("parked", order_id, "answered 500")
    assert stuck["step"] == f"webhook {parked['id']}: order.shipped"
    assert stuck["state"] == "shipped"

    receiver.decide = lambda _: Answer()
    retried = await shell.orders("webhooks", "retry", parked["id"])
    assert (retried.code, retried.out) == (0, "pending\n")
    await count_is(system, endpoint, State.DELIVERED, 1)
    assert (await shell.orders("attention")).code == 0
    again = await shell.orders("webhooks", "retry", parked["id"])
    assert (again.code, "only a parked one is retried" in again.err) == (1, True)


async def test_health_shows_how_far_the_relay_is(shell: Shell, system: RunningSystem, receiver: Receiver) -> None:
    await system.app.endpoints.add(receiver.url, ["*"])
    health = await shell.orders("health", "--json")
    assert health.code == 0, health.out
    assert "webhooks" in [check["name"] for check in health.document["checks"]]


async def test_without_the_setting_a_private_address_is_refused_in_a_sentence(shell: Shell) -> None:
    refused = await shell.orders(
        "webhooks", "add", "https://127.0.0.1/", "--topic", "*", ORDERS_WEBHOOKS_ALLOW_PRIVATE="false"
    )
    assert (refused.code, refused.err) == (
        1,
        "url: 127.0.0.1 is not a public address (ORDERS_WEBHOOKS_ALLOW_PRIVATE lifts that)\n",
    )
