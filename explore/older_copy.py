"""Temporal restored from an older copy: later messages are lost, and replaced runs are unknown.

Simulated in the client: the development server takes up to a minute to delete a run.
"""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from temporalio.client import (
    Client,
    Interceptor,
    ListWorkflowsInput,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowExecution,
    WorkflowHandle,
)
from temporalio.exceptions import WorkflowAlreadyStartedError


class OlderCopy(Interceptor):
    """unsent: number of next starts and signals to lose, by order id. forgotten: run ids hidden from lists."""

    def __init__(self) -> None:
        self.unsent: Counter[str] = Counter()
        self.forgotten: set[str] = set()

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Restored(next, self)


class _Restored(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, older: OlderCopy) -> None:
        super().__init__(next)
        self._older = older

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        order_id = getattr(input.args[0], "order_id", "") if input.args else ""
        if self._older.unsent[order_id] > 0:
            self._older.unsent[order_id] -= 1
            raise WorkflowAlreadyStartedError(input.id, input.workflow)  # the sender considers it sent
        return await super().start_workflow(input)

    def list_workflows(self, input: ListWorkflowsInput) -> Any:
        return self._known(super().list_workflows(input))

    async def _known(self, found: AsyncIterator[WorkflowExecution]) -> AsyncIterator[WorkflowExecution]:
        async for each in found:
            if each.run_id not in self._older.forgotten:
                yield each


def restored(client: Client, older: OlderCopy) -> Client:
    """A client of the same server that sees it as the older copy."""
    return Client(
        client.service_client,
        namespace=client.namespace,
        data_converter=client.data_converter,
        interceptors=[older],
    )
