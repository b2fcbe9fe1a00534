"""A workflow with a forbidden call."""

import time

from temporalio import workflow


@workflow.defn(name="reads-the-clock")
class ReadsTheClock:
    @workflow.run
    async def run(self) -> float:
        return time.time()
