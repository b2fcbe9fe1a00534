"""A client whose starts fail by a test's rule, each before it reaches the server."""

from collections.abc import Callable
from typing import Any

from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode


class Refusing(Interceptor):
    """Fails the starts of workflows for whose id `refuses` is true, with a status."""

    def __init__(self, refuses: Callable[[str], bool], status: RPCStatusCode = RPCStatusCode.UNAVAILABLE) -> None:
        self.refuses, self.status = refuses, status

    def client(self, client: Client) -> Client:
        """The same client, except for the failing starts."""
        config: dict[str, Any] = {**client.config(), "interceptors": [self]}
        return Client(**config)

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Starts(next, self)


class _Starts(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, refusing: Refusing) -> None:
        super().__init__(next)
        self._refusing = refusing

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if self._refusing.refuses(input.id):
            raise RPCError("the test refuses it", self._refusing.status, b"")
        return await super().start_workflow(input)
