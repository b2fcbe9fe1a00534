"""Tasks that no worker takes are counted by task queue, with their age."""

import uuid

from temporalio.client import Client

from telemetry.backlogs import backlogs
from tests.running_system import until


async def test_a_task_without_a_worker_is_counted_in_its_queue_and_ages(temporal_client: Client) -> None:
    fleet = f"backlog-{uuid.uuid4().hex[:8]}"
    seen: dict[tuple[str, str, str], float] = {}

    async def look() -> None:
        for metric in await backlogs(temporal_client, fleet):
            for sample in metric.samples:
                seen[metric.name, sample.labels["task_queue"], sample.labels["type"]] = sample.value

    await look()
    assert set(seen.values()) == {0.0}, seen
    run = await temporal_client.start_workflow("fulfill-order", id=f"waits-{fleet}", task_queue=fleet)

    async def counted() -> bool:
        await look()
        return (
            seen["orders_task_queue_backlog_tasks", fleet, "workflow"] == 1
            and seen["orders_task_queue_backlog_seconds", fleet, "workflow"] > 0
        )

    await until(counted, f"the waiting task is counted, seen {seen}")
    assert seen["orders_task_queue_backlog_tasks", f"{fleet}-payments", "activity"] == 0
    await run.terminate()
