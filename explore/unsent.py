"""Messages to Temporal that are lost, as those since an older copy are that it is restored from."""

from collections import Counter
from typing import Any

from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError


class Unsent(Interceptor):
    """Loses starts and signals on their way to Temporal, as a restore from an older copy does. left: by order id, how many
    of the next ones."""

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Losing(next, self)


class _Losing(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, unsent: Unsent) -> None:
        super().__init__(next)
        self._unsent = unsent

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        order_id = getattr(input.args[0], "order_id", "") if input.args else ""
        if self._unsent.left[order_id] > 0:
            self._unsent.left[order_id] -= 1
            raise WorkflowAlreadyStartedError(input.id, input.workflow)  # the sender takes it for sent
        return await super().start_workflow(input)


def with_losses(client: Client, unsent: Unsent) -> Client:
    """The same client, whose starts and signals may be lost."""
    return Client(
        client.service_client,
        namespace=client.namespace,
        data_converter=client.data_converter,
        interceptors=[unsent],
    )
