"""An order whose stream contains an event that cannot follow needs attention, with or without a running workflow."""

import json

from temporalio.client import Client

from open_work.attention_list import find_stuck
from open_work.kinds import Stuck
from tests.integration.log_by_hand import ByHand, insert
from tests.running_system import RunningSystem, until
from tests.workflow.steering import Held, Steering

LONG = 120.0  # seconds: a round of attempts at a database step, on a busy machine


async def confirm_twice(system: RunningSystem, database_url: str, order_id: str) -> None:
    """Insert events that the read models accept and the domain does not."""
    event = {"orderId": order_id, "customerId": "ALFKI", "currency": "EUR", "total": 3000}
    for _ in range(2):
        await insert(database_url, order_id, ByHand(json.dumps(event)), "order.confirmed")


async def corrupt(system: RunningSystem, steering: Steering, database_url: str) -> tuple[str, Held]:
    """An order whose stream is corrupt before its first step, which is held."""
    held = steering.hold_before("check-inventory")
    order_id = await system.place()
    await held.reached.wait()
    await confirm_twice(system, database_url, order_id)
    return order_id, held


async def error_listed(system: RunningSystem, client: Client, order_id: str, kind: str, step: str) -> str:
    """Wait for the order's row of this kind and step in `orders attention`, and return its error."""
    rows: list[Stuck] = []

    async def there() -> bool:
        found = await find_stuck(system.app.sources(client), system.app.settings, 100)
        rows[:] = [each for each in found.rows if (each.order_id, each.kind, each.step) == (order_id, kind, step)]
        return bool(rows)

    await until(there, f"{order_id} is listed as {kind} with step {step!r}", LONG)
    [row] = rows
    return row.error


async def test_a_step_that_fails_on_a_corrupt_stream_needs_attention(
    system: RunningSystem, steering: Steering, database_url: str, temporal_client: Client
) -> None:
    order_id, held = await corrupt(system, steering, database_url)
    steering.before.clear()
    held.release.set()
    error = await error_listed(system, temporal_client, order_id, "failing", "check-inventory")
    assert error == f"the stream of order {order_id} is corrupt: order.confirmed while confirmed"


async def test_a_corrupt_stream_that_no_workflow_works_on_needs_attention(
    system: RunningSystem, steering: Steering, database_url: str, temporal_client: Client
) -> None:
    order_id, held = await corrupt(system, steering, database_url)
    await system.dispatched_all()
    for name in await system.running(order_id):
        await system.workflow(name, order_id).terminate()
    held.release.set()
    error = await error_listed(system, temporal_client, order_id, "lost", "read the order's stream")
    assert error == f"the stream of order {order_id} is corrupt: order.confirmed while confirmed"
