"""One workflow before a change, changed without a patch, and changed with `workflow.patched`. All under one name."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn(name="patching-example")
class Before:
    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(timedelta(seconds=1))
        return "before"


@workflow.defn(name="patching-example")
class ChangedWithoutCare:
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity("new-step", start_to_close_timeout=timedelta(seconds=5))
        return "after"


@workflow.defn(name="patching-example")
class Patched:
    @workflow.run
    async def run(self) -> str:
        if workflow.patched("new-step-instead-of-the-pause"):
            await workflow.execute_activity("new-step", start_to_close_timeout=timedelta(seconds=5))
            return "after"
        await workflow.sleep(timedelta(seconds=1))
        return "before"
