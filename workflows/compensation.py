"""The compensation stack: undo is registered before do, and once begun it ends only when everything is undone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.model import Tries
    from workflows.options import pause_before, pause_before_asking
    from workflows.steps import pause


@dataclass(frozen=True)
class Undecided:
    """The undoing was asked for, and whoever decides on it has not done so. refused: why they do not, in their words."""

    refused: str | None = None


Undo = Callable[[], Awaitable[Undecided | None]]
"""Undoes a step, or asks how that stands."""

OnTrouble = Callable[[str, FailureError], None]
"""Takes a step's name and its last failure after every round of attempts that failed."""


@dataclass
class _Compensation:
    name: str
    undo: Undo
    failed: int = 0
    """Rounds of attempts that have failed, one after another."""
    asked: int = 0
    due: datetime | None = None
    """When it is tried again; None: at once."""
    hurried: bool = False
    """A person has asked for it since the attempt began."""

    def put_off(self, length: timedelta) -> None:
        self.due = None if self.hurried else workflow.now() + length


class Compensations:
    """What must be undone if the saga fails, most recent first.

    Push before the step: its outcome can be unknown, so every compensation means "undo it if it happened, and make it
    impossible to happen later". on_calm takes the name of each that no longer fails. between: called after each pause, with
    nothing in flight. before: how often a run that this one continues has tried, by name.
    """

    def __init__(
        self,
        on_trouble: OnTrouble,
        on_calm: Callable[[str], None],
        *,
        between: Callable[[], None] = lambda: None,
        before: Mapping[str, Tries] | None = None,
    ) -> None:
        self._stack: list[_Compensation] = []
        self._on_trouble, self._on_calm, self._between = on_trouble, on_calm, between
        self._before = before or {}

    @property
    def pending(self) -> tuple[str, ...]:
        """The names of what is still to be undone, in the order in which it will be."""
        return tuple(compensation.name for compensation in reversed(self._stack))

    @property
    def tries(self) -> dict[str, Tries]:
        """How often each that is pending was tried."""
        return {each.name: Tries(failed=each.failed, asked=each.asked) for each in self._stack}

    def push(self, name: str, undo: Undo) -> None:
        """Register before the step it undoes; a name that is registered already keeps its place."""
        if name not in self.pending:
            before = self._before.get(name, Tries())
            self._stack.append(_Compensation(name, undo, before.failed, before.asked))

    def hurry(self) -> None:
        """Try all that is put off at once."""
        for compensation in self._stack:
            compensation.due, compensation.hurried = None, True

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
            try:
                await compensation.undo()
            except FailureError as failure:
                compensation.failed += 1
                self._on_trouble(compensation.name, failure)
                length = pause_before(compensation.failed)
                await pause(length, lambda: False, f"until {compensation.name} is tried again")
            else:
                self._stack.pop()

    async def _attempt(self, compensation: _Compensation) -> None:
        compensation.hurried = False
        try:
            undecided = await compensation.undo()
        except FailureError as failure:
            compensation.failed += 1
            compensation.put_off(pause_before(compensation.failed))
            self._on_trouble(compensation.name, failure)
            return
        compensation.failed = 0
        if undecided is None:
            self._stack.remove(compensation)
        else:
            compensation.asked += 1
            compensation.put_off(pause_before_asking(compensation.asked))
        if undecided is None or undecided.refused is None:
            self._on_calm(compensation.name)
        else:
            self._on_trouble(compensation.name, ApplicationError(undecided.refused, type="UndoRefused"))

    async def _until_one_is_due(self) -> None:
        waiting = [(each.due, each.name) for each in self._stack if each.due is not None]
        if not waiting or len(waiting) < len(self._stack):
            return
        due, name = min(waiting)
        length = due - workflow.now()
        if length > timedelta(0):
            await pause(length, self._any_at_once, f"until {name} is tried again")
            self._between()

    def _any_at_once(self) -> bool:
        return any(compensation.due is None for compensation in self._stack)
