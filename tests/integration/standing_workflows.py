"""Workflows under our names that stand still, each in a way of its own."""

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
    """For one that was lost."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class WaitsForATimer:
    """For an hour, and for signals meanwhile."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False, timeout=timedelta(hours=1))

    @workflow.signal(name="release")
    def release(self) -> None:
        """Changes nothing."""


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class GoesOn:
    """From one timer to the next."""

    @workflow.run
    async def run(self) -> None:
        for _ in range(10_000):
            await workflow.sleep(timedelta(milliseconds=5))


@workflow.defn(name=FULFILL_ORDER, sandboxed=False)
class HasABug:
    """Fails its workflow task, whichever worker takes it."""

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
    """The same in rounds of attempts, of which the first is over at once."""

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
    """By an ordinary activity that fails."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(refused, start_to_close_timeout=timedelta(seconds=10))
