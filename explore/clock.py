"""Workflow runner with a clock that is FASTER times as fast, and with lost workflow tasks, as of a killed worker.

Only the clock differs from Temporal's: a workflow's time, timers and retry intervals are scaled together in the messages
between worker and server, so that an hour's pause lasts a fifth of a second. Time-outs of activities are not scaled: they
measure real calls. Continue-as-new is suggested early, as after months of failures.
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

FASTER: Final = 20_000
_SHORTEST_TIMER: Final = 1_000_000  # nanoseconds
_SHORTEST_RETRY: Final = 100_000_000  # a step that is always refused must not keep a processor busy
_LONG: Final = 40  # events, of Temporal's suggestion to continue as new
_EPOCH: Final = time.time_ns()
_PASSIVE: Final = {"remove_from_cache", "query_workflow"}


def workflow_time(at: datetime) -> datetime:
    """The workflows' time that is as far ahead of their present as this time is of ours."""
    passed = timedelta(microseconds=(time.time_ns() - _EPOCH) / 1000)
    return at + passed * (FASTER - 1)


class FastClock(WorkflowRunner):
    """The SDK's runner without the sandbox, which has tests of its own. lost: workflow ids whose next task is lost."""

    def __init__(self) -> None:
        self._runner = UnsandboxedWorkflowRunner()
        self.lost: set[str] = set()

    def lose_task(self, workflow_ids: Iterable[str]) -> None:
        """Fail each workflow's next task: its local activities have had their effects, and history does not have them."""
        self.lost.update(workflow_ids)

    def prepare_workflow(self, defn: Any) -> None:
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Fast(self._runner.create_instance(det), self)


class _Fast(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, clock: FastClock) -> None:
        self._instance, self._clock = instance, clock
        self._workflow_id = instance.get_info().workflow_id

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        kinds = {job.WhichOneof("variant") for job in act.jobs}
        if self._workflow_id in self._clock.lost and not kinds <= _PASSIVE and not act.is_replaying:
            self._clock.lost.discard(self._workflow_id)
            return _lost(act.run_id)
        act.continue_as_new_suggested = act.history_length > _LONG  # depends on the history alone: the same at a replay
        if act.HasField("timestamp"):
            act.timestamp.FromNanoseconds(_EPOCH + (act.timestamp.ToNanoseconds() - _EPOCH) * FASTER)
        completion = self._instance.activate(act)
        for command in completion.successful.commands:
            _shorten(command)
        return completion

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()


def _lost(run_id: str) -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.failed.failure.message = "the worker was killed"
    completion.failed.failure.application_failure_info.SetInParent()
    return completion


def _shorten(command: Any) -> None:
    match command.WhichOneof("variant"):
        case "start_timer":
            _scale(command.start_timer.start_to_fire_timeout, _SHORTEST_TIMER)
        case "schedule_activity":
            command.schedule_activity.retry_policy.maximum_attempts = (
                1  # a round of them is made at once, in the worker
            )
        case "schedule_local_activity":
            retry = command.schedule_local_activity.retry_policy
            _scale(retry.initial_interval, _SHORTEST_RETRY)
            if retry.HasField("maximum_interval"):
                _scale(retry.maximum_interval, _SHORTEST_RETRY)


def _scale(duration: Duration, shortest: int) -> None:
    duration.FromNanoseconds(max(duration.ToNanoseconds() // FASTER, shortest))
