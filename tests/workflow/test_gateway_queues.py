"""Each gateway has a task queue of its own: places, rate limits, and runs of other versions."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

import worker
import workflows.steps
from bootstrap import App
from gateways.errors import GatewayBusy
from tests.running_system import RunningSystem, new_id, running_system, until
from tests.workflow.steering import Steering
from workflows.model import NEEDS_ATTENTION, RETRY

A_ROUND = 6  # attempts


class Busy:
    """A gateway that refuses the first calls of each operation with a key for its rate limit: more than a round of attempts."""

    def __init__(self, gateway: Any) -> None:
        self._gateway, self._calls = gateway, Counter[tuple[str, str]]()

    def __getattr__(self, operation: str) -> Any:
        made = getattr(self._gateway, operation)

        async def call(about: Any, *further: Any) -> Any:
            key = operation, about if isinstance(about, str) else about.key
            self._calls[key] += 1
            if self._calls[key] <= A_ROUND + 1:
                raise GatewayBusy("the rate limit is exceeded", retry_after=0.01)
            return await made(about, *further)

        return call if operation in ("charge", "void") else made


def busy(app: App) -> App:
    return replace(app, payments=cast(Any, Busy(app.payments)))


async def was_marked(system: RunningSystem, order_id: str) -> bool:
    """True if the order's fulfillment has needed attention at any time."""
    history = await system.workflow("fulfill-order", order_id).fetch_history()
    upserts = (event.upsert_workflow_search_attributes_event_attributes for event in history.events)
    return any(NEEDS_ATTENTION.name in each.search_attributes.indexed_fields for each in upserts)


async def test_labels_that_hang_in_every_place_delay_no_charge(
    database_url: str, temporal_client: Client, steering: Steering
) -> None:
    async with running_system(database_url, temporal_client, interceptors=[steering], worker_activities=1) as system:
        await system.stock(TEA_1=10)
        hanging = steering.hold_before("create-shipment")
        first = await system.place()
        await hanging.reached.wait()
        second = await system.place()

        async def paid() -> bool:
            return (await system.state(second)).status == "paid"

        await until(paid, "the second order is paid")
        hanging.release.set()
        for order_id in (first, second):
            await system.settled(order_id, "shipped")


async def test_a_rate_limit_delays_a_charge_and_its_refund_and_the_order_never_needs_attention(
    database_url: str, temporal_client: Client
) -> None:
    client = TimeSkipper(temporal_client).client
    async with running_system(database_url, client, adapt=busy, shipping_unavailable_above=100) as system:
        await system.stock(TEA_1=200)
        order_id = await system.place(quantity=101, unit_price=1)  # charged, and refunded as no carrier takes it
        await system.settled(order_id, "cancelled")
        assert await system.money(order_id) == (101, 101)
        assert not await was_marked(system, order_id)


async def test_charges_are_begun_at_the_rate_of_the_setting(database_url: str, temporal_client: Client) -> None:
    orders, rate = 12, 2.0
    async with running_system(database_url, temporal_client, payments_per_second=rate) as system:
        await system.stock(TEA_1=orders)
        ids = [await system.place(quantity=1) for _ in range(orders)]
        for order_id in ids:
            await system.settled(order_id, "shipped", seconds=90)
        began = await system.app.pool.fetch("select decided_at from simulated.charges order by decided_at")
        at_once = 4  # partitions of the queue, each of which may let a burst pass
        took = (began[-1][0] - began[0][0]).total_seconds()
        assert took >= (orders - at_once) / rate, f"{len(began)} charges in {took:.1f} s"


async def test_without_a_worker_of_the_gateways_queues_an_order_needs_attention_and_ships_once_there_is_one(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = f"test-{new_id()}"
    with monkeypatch.context() as older:
        older.setattr(worker, "gateway_workers", lambda *_: [])
        older.setattr(workflows.steps, "GATEWAY_PLACE", timedelta(seconds=1))
        async with running_system(database_url, temporal_client, task_queue=queue) as system:
            await system.stock(TEA_1=10)
            order_id = await system.place()
            await system.needs_attention(order_id)
            attention = await system.workflow("fulfill-order", order_id).query("attention")
            assert "no worker had a free place" in attention["error"]
    async with running_system(database_url, temporal_client, task_queue=queue) as system:
        await system.workflow("fulfill-order", order_id).signal(RETRY)
        await system.settled(order_id, "shipped")


async def test_a_step_that_an_older_version_scheduled_on_the_workflows_queue_goes_on(
    system: RunningSystem, steering: Steering, monkeypatch: pytest.MonkeyPatch
) -> None:
    steering.failing.add("charge-payment")
    with monkeypatch.context() as older:
        older.setattr(workflows.steps, "gateway_queue", lambda fleet, gateway: fleet)
        order_id = await system.place()
        await system.step_is_failing(order_id, "charge-payment")
    steering.failing.clear()
    await system.settled(order_id, "shipped")
    history = await system.workflow("fulfill-order", order_id).fetch_history()
    scheduled = (event.activity_task_scheduled_event_attributes for event in history.events)
    fleet = system.app.settings.task_queue
    queues = {each.activity_type.name: each.task_queue.name for each in scheduled if each.activity_id}
    assert queues == {"charge-payment": fleet, "create-shipment": f"{fleet}-labels"}
