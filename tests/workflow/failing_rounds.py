"""Steps that fail for some rounds per order, and then succeed."""

from collections import defaultdict
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class FailingRounds(Interceptor):
    """left: number of further failing rounds, by order and step; done: successful steps, by order."""

    def __init__(self) -> None:
        self.left: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.done: defaultdict[str, list[str]] = defaultdict(list)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Failing(next, self)


class _Failing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, rounds: FailingRounds) -> None:
        super().__init__(next)
        self._rounds = rounds

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info, rounds = activity.info(), self._rounds
        order_id = (info.workflow_id or "").removeprefix("fulfill-order-")
        if rounds.left[order_id, info.activity_type] > 0:
            rounds.left[order_id, info.activity_type] -= 1
            # Definite on purpose: it ends the round at once, and must not end a compensation.
            raise ApplicationError("refused for a round", type="Refused", non_retryable=True)
        result = await super().execute_activity(input)
        rounds.done[order_id].append(info.activity_type)
        return result
