"""Workflows under our names that stall, each in a different way."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from workflows.model import FULFILL_ORDER

STEP = "reserve-inventory"


@activity.defn(name=STEP)
async def refused() -> None:
    raise ApplicationError("database error 42501")


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class WaitsForASignal:
    """Waits for a signal that was lost."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class WaitsForATimer:
    """Waits for an hour, and for signals meanwhile."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False, timeout=timedelta(hours=1))

    @workflow.signal(name="release")
    def release(self) -> None:
        """Change nothing."""


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class GoesOn:
    """Runs from timer to timer."""

    @workflow.run
    async def run(self) -> None:
        for _ in range(10_000):
            await workflow.sleep(timedelta(milliseconds=5))


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class HasABug:
    """Fails its workflow task in every worker."""

    @workflow.run
    async def run(self) -> None:
        raise KeyError("a bug of ours")


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class IsRefusedByTheDatabase:
    """Retries a database step without end."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity(
            refused,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=1)),
        )


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class IsRefusedRoundAfterRound:
    """Retries in rounds of attempts, of which the first ends at once."""

    @workflow.run
    async def run(self) -> None:
        for attempts in (1, 0):
            try:
                await workflow.execute_local_activity(
                    refused,
                    start_to_close_timeout=timedelta(seconds=10),
                    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=1), maximum_attempts=attempts),
                )
            except ApplicationError:
                continue


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class AsksAGateway:
    """Calls a gateway by an ordinary activity that fails."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(refused, start_to_close_timeout=timedelta(seconds=10))
