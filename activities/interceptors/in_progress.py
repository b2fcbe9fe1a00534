"""Activities in progress in this process, for the log line of a shutdown that no longer waits for them."""

import time
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

# Seconds. The longest pause between two attempts of a local activity is ten.
_RETRIED_WITHIN: Final = 15.0
_NAMED: Final = 20

_Step = tuple[str, str]


class InProgress(Interceptor):
    """Lists attempts in progress, and local activities between two attempts: this process retries them, while Temporal
    schedules the retries of other activities."""

    def __init__(self) -> None:
        self._attempts: list[_Step] = []
        self._retried: dict[_Step, float] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Noted(next, self)

    def names(self) -> list[str]:
        """Return the first twenty activities with their workflows."""
        self._forget()
        steps = sorted({*self._attempts, *self._retried})
        named = [f"{step} of {workflow_id}" for step, workflow_id in steps[:_NAMED]]
        return named + ([f"{len(steps) - _NAMED} more"] if len(steps) > _NAMED else [])

    def begun(self, step: _Step) -> None:
        """Record the begin of an attempt."""
        self._attempts.append(step)

    def ended(self, step: _Step, *, retried: bool) -> None:
        """Record the end of an attempt. retried: this process makes the next one."""
        self._attempts.remove(step)
        self._retried.pop(step, None)
        if retried:
            self._forget()
            self._retried[step] = time.monotonic()

    def _forget(self) -> None:
        """Drop activities whose retry did not come, as at the end of a round."""
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
