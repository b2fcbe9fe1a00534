"""Workflows for tests of the compensation stack; imported again in the sandbox, so the module contains nothing else."""

from datetime import datetime
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.compensation import Compensations, Pending
    from workflows.steps import uninterrupted


@workflow.defn
class Unwinding:
    """Pushes the named compensations and unwinds. failures: number of first failures of each; undecided: number of
    pending answers of each after that, with these refusals or without."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.compensations = Compensations(self.on_failure, lambda name: self.log.append(f"{name} calm"))

    def on_failure(self, name: str, failure: FailureError, next_round: datetime | None) -> None:
        self.log.append(f"{name} failed: {failure}")

    @workflow.run
    async def run(
        self, names: list[str], failures: dict[str, int], undecided: dict[str, list[str | None]]
    ) -> list[str]:
        for name in names:
            self.compensations.push(name, partial(self.undo, name, failures, undecided.get(name, [])))
        self.log.append("pending: " + ", ".join(self.compensations.pending))
        await self.compensations.unwind()
        return [*self.log, "pending: " + ", ".join(self.compensations.pending)]

    async def undo(self, name: str, failures: dict[str, int], undecided: list[str | None]) -> Pending | None:
        if failures.get(name, 0) > 0:
            failures[name] -= 1
            raise ApplicationError("not now", non_retryable=True)
        if undecided:
            self.log.append(f"{name} put off at {workflow.now() - workflow.info().start_time}")
            return Pending(undecided.pop(0))
        self.log.append(f"{name} undone")
        return None


@workflow.defn
class Broken:
    """Workflow with a bug in the second compensation."""

    def __init__(self) -> None:
        self.undone: list[str] = []
        self.compensations = Compensations(lambda name, failure, next_round: None, lambda name: None)

    @workflow.run
    async def run(self) -> None:
        self.compensations.push("first", self.first)
        self.compensations.push("second", self.second)
        await self.compensations.unwind()

    async def first(self) -> None:
        self.undone.append("first")

    async def second(self) -> None:
        raise KeyError("a bug")

    @workflow.query
    def state(self) -> tuple[list[str], list[str]]:
        return self.undone, list(self.compensations.pending)


@workflow.defn
class Shielded:
    """Work that must not be interrupted, and a request to cancel it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.may_end = False

    @workflow.run
    async def run(self) -> list[str]:
        await uninterrupted(self.work(), on_cancel=lambda: self.log.append("cancel requested"))
        return self.log

    async def work(self) -> None:
        await workflow.wait_condition(lambda: self.may_end)
        self.log.append("work done")

    @workflow.signal
    def end(self) -> None:
        self.may_end = True

    @workflow.query
    def lines(self) -> list[str]:
        return self.log
