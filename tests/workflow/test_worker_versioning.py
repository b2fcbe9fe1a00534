"""Worker versioning, opted into by two settings: nothing runs before the version is made current, then orders ship."""

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
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


async def made_current(client: Client, deployment: str, build_id: str) -> bool:
    """As `temporal worker deployment set-current-version` does it; False while the server has not seen the worker."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build_id, identity="test"
    )
    try:
        await client.workflow_service.set_worker_deployment_current_version(request)
    except RPCError:
        return False
    return True
