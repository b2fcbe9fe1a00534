"""The steps that this process is at, for the log line of a stop that does not wait for them any longer."""

import time
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

# Seconds. The longest pause between two attempts at a database step is ten.
_RETRIED_WITHIN: Final = 15.0
_NAMED: Final = 20

_Step = tuple[str, str]


class InProgress(Interceptor):
    """Knows the attempts in progress, and the database steps between two attempts: their retries are this process's own,
    unlike those of a gateway's steps, which are Temporal's to hand out."""

    def __init__(self) -> None:
        self._attempts: list[_Step] = []
        self._retried: dict[_Step, float] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Noted(next, self)

    def names(self) -> list[str]:
        """Each step with its workflow, the first twenty."""
        self._forget()
        steps = sorted({*self._attempts, *self._retried})
        named = [f"{step} of {workflow_id}" for step, workflow_id in steps[:_NAMED]]
        return named + ([f"{len(steps) - _NAMED} more"] if len(steps) > _NAMED else [])

    def begun(self, step: _Step) -> None:
        """An attempt begins."""
        self._attempts.append(step)

    def ended(self, step: _Step, *, retried: bool) -> None:
        """An attempt has ended; retried: this process makes the next one."""
        self._attempts.remove(step)
        self._retried.pop(step, None)
        if retried:
            self._forget()
            self._retried[step] = time.monotonic()

    def _forget(self) -> None:
        """Steps that were not retried any more, as at the end of a round."""
        now = time.monotonic()
        self._retried = {step: at for step, at in self._retried.items() if now - at < _RETRIED_WITHIN}


class _Noted(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, in_progress: InProgress) -> None:
        super().__init__(next)
        self._in_progress = in_progress

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info, retried = activity.info(), False
        step = info.activity_type, info.workflow_id or ""
        self._in_progress.begun(step)
        try:
            return await super().execute_activity(input)
        except ApplicationError as failure:
            retried = info.is_local and not failure.non_retryable
            raise
        finally:
            self._in_progress.ended(step, retried=retried)
