"""The compensation stack: undo is registered before do, and once begun it ends only when everything is undone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.steps import OnTrouble, until_done


@dataclass(frozen=True)
class _Compensation:
    name: str
    undo: Callable[[], Awaitable[None]]


class Compensations:
    """What must be undone if the saga fails, most recent first.

    Push before the step: its outcome can be unknown, so every compensation means "undo it if it happened, and make it
    impossible to happen later".
    """

    def __init__(self, on_trouble: OnTrouble) -> None:
        self._stack: list[_Compensation] = []
        self._on_trouble = on_trouble

    @property
    def pending(self) -> tuple[str, ...]:
        """The names of what is still to be undone, in the order in which it will be."""
        return tuple(compensation.name for compensation in reversed(self._stack))

    def push(self, name: str, undo: Callable[[], Awaitable[None]]) -> None:
        """Register before the step it undoes; a name that is registered already keeps its place."""
        if name not in self.pending:
            self._stack.append(_Compensation(name, undo))

    async def unwind(self) -> None:
        """Undo in reverse order, each retried without end. A failure is never final here, and a bug in our own code
        leaves the run open with the rest of the stack in place."""
        while self._stack:
            compensation = self._stack[-1]
            await until_done(compensation.name, compensation.undo, self._on_trouble)
            self._stack.pop()
