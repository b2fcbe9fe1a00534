"""An order whose stream contains an event that cannot follow needs attention, with or without a running workflow."""

import json

from temporalio.client import Client

from open_work.attention_list import find_stuck
from open_work.kinds import Stuck
from tests.integration.log_by_hand import ByHand, insert
from tests.running_system import RunningSystem, until
from tests.workflow.steering import Steering

LONG = 120.0  # seconds: a round of attempts at a database step, on a busy machine


async def confirm_twice(system: RunningSystem, database_url: str, order_id: str) -> None:
    """What a defective program might write. The read models take it; the domain does not."""
    event = {"orderId": order_id, "customerId": "ALFKI", "currency": "EUR", "total": 3000}
    for _ in range(2):
        await insert(database_url, order_id, ByHand(json.dumps(event)), "order.confirmed")


async def listed(system: RunningSystem, client: Client, order_id: str) -> Stuck:
    """The order's row of `orders attention`, as soon as there is one."""
    rows: list[Stuck] = []

    async def there() -> bool:
        found = await find_stuck(system.app.sources(client), system.app.settings, 100)
        rows[:] = [each for each in found.rows if each.order_id == order_id]
        return bool(rows)

    await until(there, f"{order_id} needs attention", LONG)
    [row] = rows
    return row


async def test_a_step_that_fails_on_a_corrupt_stream_needs_attention(
    system: RunningSystem, steering: Steering, database_url: str, temporal_client: Client
) -> None:
    held = steering.hold_before("check-inventory")
    order_id = await system.place()
    await held.reached.wait()
    await confirm_twice(system, database_url, order_id)
    steering.before.clear()
    held.release.set()
    row = await listed(system, temporal_client, order_id)
    assert (row.kind, row.step) == ("failing", "check-inventory")
    assert row.error == f"the stream of order {order_id} is corrupt: order.confirmed while confirmed"


async def test_a_corrupt_stream_that_no_workflow_works_on_needs_attention(
    system: RunningSystem, steering: Steering, database_url: str, temporal_client: Client
) -> None:
    held = steering.hold_before("check-inventory")
    order_id = await system.place()
    await held.reached.wait()
    await confirm_twice(system, database_url, order_id)
    await system.dispatched_all()
    for name in await system.running(order_id):
        await system.workflow(name, order_id).terminate()
    held.release.set()
    row = await listed(system, temporal_client, order_id)
    assert (row.kind, row.step) == ("lost", "read the order's stream")
    assert row.error == f"the stream of order {order_id} is corrupt: order.confirmed while confirmed"
