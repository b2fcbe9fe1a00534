"""The search attribute OrderStatus: each status is shown once."""

from temporalio.client import WorkflowHandle
from temporalio.converter import DefaultPayloadConverter

from tests.running_system import RunningSystem
from workflows.model import ORDER_STATUS


async def shown(handle: WorkflowHandle[object, object]) -> list[str]:
    """The statuses that the run has shown, after the one of its start."""
    events = (await handle.fetch_history()).events
    fields = [
        each.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields for each in events
    ]
    payloads = [each[ORDER_STATUS.name] for each in fields if ORDER_STATUS.name in each]
    return [DefaultPayloadConverter().from_payload(each) for each in payloads]


async def test_a_fulfillment_does_not_show_again_the_status_that_it_was_started_with(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert await shown(system.workflow("fulfill-order", order_id)) == ["paid", "shipped"]


async def test_a_fulfillment_that_was_started_without_a_status_shows_the_one_it_reads(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    await system.start("fulfill-order", order_id)
    handle = system.workflow("fulfill-order", order_id)
    await handle.result()
    assert await shown(handle) == ["shipped"]
