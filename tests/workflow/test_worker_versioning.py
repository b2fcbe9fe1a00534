"""Worker versioning, enabled by two settings: no work runs before the version is current, then orders ship."""

from typing import Any

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from tests.running_system import new_id, running_system, until


async def test_a_versioned_worker_ships_orders_once_its_version_is_current(
    database_url: str, temporal_client: Client
) -> None:
    deployment = f"orders-{new_id()}"
    async with running_system(database_url, temporal_client, deployment_name=deployment, build_id="build-1") as system:
        await system.stock(TEA_1=10)
        await until(lambda: made_current(temporal_client, deployment, "build-1"), "the version is current")
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        description = await system.workflow("fulfill-order", order_id).describe()
        info = description.raw_description.workflow_execution_info.versioning_info
        assert (info.deployment_version.deployment_name, info.deployment_version.build_id) == (deployment, "build-1")


async def test_a_version_that_is_not_current_takes_no_order(database_url: str, temporal_client: Client) -> None:
    deployment, queue = f"orders-{new_id()}", f"test-{new_id()}"
    async with (
        # Started first, the version that is not current dispatches: an eager start would use its own worker.
        running_system(
            database_url, temporal_client, build_id="build-2", deployment_name=deployment, task_queue=queue
        ) as other,
        running_system(database_url, temporal_client, build_id="build-1", deployment_name=deployment, task_queue=queue),
    ):
        await other.stock(TEA_1=100)
        await until(lambda: made_current(temporal_client, deployment, "build-1"), "the version is current")
        for _ in range(8):
            order_id = await other.place()
            await other.settled(order_id, "shipped")
            for workflow in ("validate-order", "fulfill-order", "notify-shipment"):
                assert await first_build(other.workflow(workflow, order_id)) == "build-1"


async def first_build(handle: WorkflowHandle[Any, Any]) -> str:
    """Build whose worker took the run's first task."""
    async for event in handle.fetch_history_events():
        if event.HasField("workflow_task_completed_event_attributes"):
            return event.workflow_task_completed_event_attributes.deployment_version.build_id
    raise AssertionError("no task was completed")


async def made_current(client: Client, deployment: str, build_id: str) -> bool:
    """Act as `temporal worker deployment set-current-version`; False while the server does not know the worker."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build_id, identity="test"
    )
    try:
        await client.workflow_service.set_worker_deployment_current_version(request)
    except RPCError:
        return False
    return True
