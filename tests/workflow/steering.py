"""Steers activities from a test: refuse a step for good, or hold it before or after its effect, without any sleep."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.signatures import Payment


class Held:
    """A step that waits: `reached` is set when it does, `release` lets it continue."""

    def __init__(self) -> None:
        self.reached, self.release = asyncio.Event(), asyncio.Event()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.release.wait()


class Steering(Interceptor):
    """Wraps the real activities of a worker in the test's process."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self.failing: set[str] = set()
        """Steps that fail at every attempt, until they are taken out of this set."""
        self.before: dict[str, Held] = {}
        self.after: dict[str, Held] = {}
        self.changed: dict[str, Callable[[Any], Any]] = {}
        """By step, what is made of its answer."""
        self.calls: defaultdict[str, int] = defaultdict(int)

    def refuse(self, step: str, reason: str = "refused by the test") -> None:
        """Refuse the step for good."""
        self.refused[step] = reason

    def hold_before(self, step: str) -> Held:
        return self.before.setdefault(step, Held())

    def hold_after(self, step: str) -> Held:
        """Hold the result back after the effect or the refusal."""
        return self.after.setdefault(step, Held())

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Steered(next, self)


class _Steered(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, steering: Steering) -> None:
        super().__init__(next)
        self._steering = steering

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        steering, step = self._steering, activity.info().activity_type
        steering.calls[step] += 1
        if step in steering.before:
            await steering.before[step].pass_through()
        if step in steering.failing:
            raise ApplicationError("down for the test", type="Down", next_retry_delay=timedelta(milliseconds=1))
        if step in steering.refused:
            raise ApplicationError(steering.refused[step], type="Refused", non_retryable=True)
        try:
            return steering.changed.get(step, _unchanged)(await super().execute_activity(input))
        finally:
            if step in steering.after:
                await steering.after[step].pass_through()


def _unchanged(answer: Any) -> Any:
    return answer


def held_only(payment: Payment) -> Payment:
    """Result of a gateway that authorises the charge until its capture."""
    return payment.model_copy(update={"captured": False})
