"""The sandbox that workflows run and replay in."""

from typing import Any

from temporalio import workflow
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

_NOWHERE = StorageDriverStoreContext(target=None)


class Sandbox(SandboxedWorkflowRunner):
    """Temporal's, without a visit to it for every payload.

    Around each payload of a task the worker asks the run several times in which context it is to be converted, and each
    time a sandboxed run enters the sandbox to answer: a sixth of a worker's time (decision 20).
    Our converter takes no context, and we keep no payloads elsewhere: a run's own code is all that runs in the sandbox.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A run in the sandbox."""
        return _Run(super().create_instance(det))


class _Run(WorkflowInstance):
    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: Any) -> Any:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        return _NOWHERE

    def get_info(self) -> workflow.Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()
