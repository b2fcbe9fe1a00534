"""Signals the workflow of an endpoint and order, started if need be."""

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from webhooks.signatures import DELIVER_WEBHOOKS, SIGNAL, OrderDeliveries, workflow_id
from workflows.model import ORDER_ID


class NeverStartable(Exception):
    """Temporal refuses this very start, and will whenever it is tried."""


class DeliveryStarter:
    """At least once: a signal too many finds nothing to do."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client, self._task_queue = client, task_queue

    async def start(self, endpoint_id: str, order_id: str) -> None:
        """Raises NeverStartable, or RPCError while Temporal is away."""
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
