"""The compensation stack: undo is registered before do, and once begun it ends only when everything is undone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.options import pause_before, pause_before_asking
    from workflows.steps import OnTrouble, pause, until_done


@dataclass(frozen=True)
class Undecided:
    """The undoing was asked for, and whoever decides on it has not done so. refused: why they do not, in their words."""

    refused: str | None = None


Undo = Callable[[], Awaitable[Undecided | None]]
"""Undoes a step, or asks how that stands."""


@dataclass
class _Compensation:
    name: str
    undo: Undo
    failed: int = 0
    """Rounds of attempts that have failed, one after another."""
    asked: int = 0
    due: datetime | None = None
    """When it is tried again; None: at once."""


class Compensations:
    """What must be undone if the saga fails, most recent first.

    Push before the step: its outcome can be unknown, so every compensation means "undo it if it happened, and make it
    impossible to happen later". on_calm hears of each that no longer fails.
    """

    def __init__(self, on_trouble: OnTrouble, on_calm: Callable[[str], None]) -> None:
        self._stack: list[_Compensation] = []
        self._on_trouble, self._on_calm = on_trouble, on_calm

    @property
    def pending(self) -> tuple[str, ...]:
        """The names of what is still to be undone, in the order in which it will be."""
        return tuple(compensation.name for compensation in reversed(self._stack))

    def push(self, name: str, undo: Undo) -> None:
        """Register before the step it undoes; a name that is registered already keeps its place."""
        if name not in self.pending:
            self._stack.append(_Compensation(name, undo))

    async def unwind(self) -> None:
        """Undo in reverse order, each retried without end. One that fails, or that others have yet to decide on, is set
        aside and does not hold up those below it. A failure is never final here, and a bug in our own code leaves the
        run open with the rest of the stack in place."""
        while self._stack:
            for compensation in reversed(self._stack.copy()):
                if compensation.due is None or compensation.due <= workflow.now():
                    await self._attempt(compensation)
            await self._until_one_is_due()

    async def unwind_one_by_one(self) -> None:
        """As runs did that began to undo before anything was set aside: each holds up those below it."""
        while self._stack:
            compensation = self._stack[-1]
            await until_done(compensation.name, compensation.undo, self._on_trouble)
            self._stack.pop()

    async def _attempt(self, compensation: _Compensation) -> None:
        try:
            undecided = await compensation.undo()
        except FailureError as failure:
            compensation.failed += 1
            compensation.due = workflow.now() + pause_before(compensation.failed)
            self._on_trouble(compensation.name, failure)
            return
        compensation.failed = 0
        if undecided is None:
            self._stack.remove(compensation)
        else:
            compensation.asked += 1
            compensation.due = workflow.now() + pause_before_asking(compensation.asked)
        if undecided is None or undecided.refused is None:
            self._on_calm(compensation.name)
        else:
            self._on_trouble(compensation.name, ApplicationError(undecided.refused, type="UndoRefused"))

    async def _until_one_is_due(self) -> None:
        waiting = [
            (compensation.due, compensation.name) for compensation in self._stack if compensation.due is not None
        ]
        if not waiting:
            return
        due, name = min(waiting)
        length = due - workflow.now()
        if length > timedelta(0):
            await pause(length, lambda: False, f"until {name} is tried again")
