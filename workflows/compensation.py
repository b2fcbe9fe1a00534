"""The compensation stack: each undo is registered before its step, and unwinding ends only when everything is undone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.failures import is_busy
    from workflows.model import Tries
    from workflows.options import BUSY_ROUNDS, ROUND_FIRST, pause_before, pause_before_asking
    from workflows.steps import pause


@dataclass(frozen=True)
class Pending:
    """The undo was requested and the provider has not decided yet. refused: the provider's reason for refusing so far."""

    refused: str | None = None


Undo = Callable[[], Awaitable[Pending | None]]
"""Undoes a step, or checks on an undo that was requested."""

OnFailure = Callable[[str, FailureError, datetime | None], None]
"""Called with a step's name, its last failure and the time of the next round, None for at once, after each failed round of
attempts."""


@dataclass
class _Compensation:
    name: str
    undo: Undo
    failed: int = 0
    """Consecutive failed rounds of attempts."""
    busy: int = 0
    """Consecutive rounds of attempts that ended by the gateway's rate limit."""
    asked: int = 0
    due: datetime | None = None
    """Time of the next attempt; None: at once."""
    hurried: bool = False
    """A person retried the order since the attempt began."""

    def postpone(self, length: timedelta) -> None:
        self.due = None if self.hurried else workflow.now() + length


class Compensations:
    """Compensations of the saga's steps, unwound most recent first.

    Push before the step: its outcome can be unknown, so every compensation means "undo it if it happened, and make it
    impossible to happen later". on_recovery: called with the name of a compensation that no longer fails. between: called
    after each pause, with nothing in flight. before: attempts by name, of the run that this one continues.
    """

    def __init__(
        self,
        on_failure: OnFailure,
        on_recovery: Callable[[str], None],
        *,
        between: Callable[[], None] = lambda: None,
        before: Mapping[str, Tries] | None = None,
    ) -> None:
        self._stack: list[_Compensation] = []
        self._on_failure, self._on_recovery, self._between = on_failure, on_recovery, between
        self._before = before or {}

    @property
    def pending(self) -> tuple[str, ...]:
        """Names of the pending compensations, in the order of their execution."""
        return tuple(compensation.name for compensation in reversed(self._stack))

    @property
    def tries(self) -> dict[str, Tries]:
        """Attempts at each pending compensation."""
        return {each.name: Tries(failed=each.failed, asked=each.asked) for each in self._stack}

    def push(self, name: str, undo: Undo) -> None:
        """Register before the step; a registered name keeps its place."""
        if name not in self.pending:
            before = self._before.get(name, Tries())
            self._stack.append(_Compensation(name, undo, before.failed, before.asked))

    def hurry(self) -> None:
        """Make all postponed compensations due at once."""
        for compensation in self._stack:
            compensation.due, compensation.hurried = None, True

    async def unwind(self) -> None:
        """Undo in reverse order, each retried without end. A failing or pending compensation is postponed and does not hold up
        those below it. No failure is final here, and a bug in our own code leaves the run open with the rest of the stack."""
        while self._stack:
            for compensation in reversed(self._stack.copy()):
                if compensation.due is None or compensation.due <= workflow.now():
                    await self._attempt(compensation)
            await self._until_one_is_due()

    async def unwind_one_by_one(self) -> None:
        """Undo strictly in order, each holding up those below it: runs from before patch SETS_ASIDE replay so."""
        while self._stack:
            compensation = self._stack[-1]
            try:
                await compensation.undo()
            except FailureError as failure:
                compensation.failed += 1
                length = pause_before(compensation.failed)
                self._on_failure(compensation.name, failure, workflow.now() + length)
                await pause(length, lambda: False, f"until {compensation.name} is tried again")
            else:
                self._stack.pop()

    async def _attempt(self, compensation: _Compensation) -> None:
        compensation.hurried = False
        try:
            undecided = await compensation.undo()
        except FailureError as failure:
            compensation.busy = compensation.busy + 1 if is_busy(failure) else 0
            if 0 < compensation.busy <= BUSY_ROUNDS:
                compensation.postpone(ROUND_FIRST)
                return
            compensation.failed += 1
            compensation.postpone(pause_before(compensation.failed))
            self._on_failure(compensation.name, failure, compensation.due)
            return
        compensation.failed = compensation.busy = 0
        if undecided is None:
            self._stack.remove(compensation)
        else:
            compensation.asked += 1
            compensation.postpone(pause_before_asking(compensation.asked))
        if undecided is None or undecided.refused is None:
            self._on_recovery(compensation.name)
        else:
            refused = ApplicationError(undecided.refused, type="UndoRefused")
            self._on_failure(compensation.name, refused, compensation.due)

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
