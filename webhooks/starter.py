"""Signal-with-start of the workflow for an endpoint and order."""

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from webhooks.steps import DELIVER_WEBHOOKS, SIGNAL, OrderDeliveries, workflow_id
from workflows.model import ORDER_ID


class NeverStartable(Exception):
    """Temporal rejects this start as invalid: a retry cannot succeed."""


class DeliveryStarter:
    """Starts and signals workflows, at least once: an extra signal finds nothing pending."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client, self._task_queue = client, task_queue

    async def start(self, endpoint_id: str, order_id: str) -> None:
        """Signal the workflow, started first where it does not run. Raises NeverStartable, RPCError."""
        try:
            await self._client.start_workflow(
                DELIVER_WEBHOOKS,
                OrderDeliveries(endpoint_id=endpoint_id, order_id=order_id),
                id=workflow_id(endpoint_id, order_id),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal=SIGNAL,
                static_summary=f"Order {order_id} to {endpoint_id}"[:200],
                search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_ID, order_id)]),
            )
        except RPCError as error:
            if error.status == RPCStatusCode.INVALID_ARGUMENT:
                raise NeverStartable(str(error)) from error
            raise
