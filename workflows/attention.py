"""Marks a workflow as needing attention: by search attribute, details and query."""

from collections.abc import Callable, Iterable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.failures import refusal
    from workflows.model import NEEDS_ATTENTION, Attention


class Watch:
    """The steps that keep failing. `on_change` updates the details in the Web UI.

    `failing`: steps of the previous run, where this one continues it as new. Temporal keeps the search attribute.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None, failing: Iterable[Attention] = ()) -> None:
        self._failing = {each.step: each for each in failing}
        self._on_change = on_change

    @property
    def attention(self) -> Attention | None:
        """The failing step that failed last."""
        return next(reversed(self._failing.values()), None)

    @property
    def failing(self) -> tuple[Attention, ...]:
        """The failing steps, the last failure at the end."""
        return tuple(self._failing.values())

    def rounds(self, step: str) -> int:
        """Number of consecutive failed rounds of attempts at a step."""
        return self._failing[step].rounds if step in self._failing else 0

    def failed(self, step: str, failure: FailureError, next_round: datetime | None) -> None:
        """Record a failed round of attempts at a step. next_round: None where it begins at once."""
        if not self._failing:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        before = self._failing.pop(step, None)
        self._failing[step] = Attention(
            step=step,
            error=refusal(failure),
            since=before.since if before else workflow.now().isoformat(),
            rounds=before.rounds + 1 if before else 1,
            next_round=next_round.isoformat() if next_round else None,
        )
        self._on_change()

    def recovered(self, step: str) -> None:
        """Clear a step that succeeded or is no longer needed."""
        self._keep(set(self._failing) - {step})

    def recovered_all(self, but: Iterable[str] = ()) -> None:
        """Clear all failing steps but these."""
        self._keep(set(but))

    def _keep(self, steps: set[str]) -> None:
        failed = bool(self._failing)
        self._failing = {step: each for step, each in self._failing.items() if step in steps}
        if failed and not self._failing:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(False)])
            self._on_change()
