"""How a workflow says that it needs a person's attention: by search attribute, details and query."""

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.model import NEEDS_ATTENTION, Attention
    from workflows.steps import refusal


class Watch:
    """The steps that keep failing, if any. `on_change` redraws what the Web UI shows."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._failing: dict[str, Attention] = {}
        self._on_change = on_change

    @property
    def attention(self) -> Attention | None:
        """Of the steps that keep failing, the one that failed last."""
        return next(reversed(self._failing.values()), None)

    def trouble(self, step: str, failure: FailureError) -> None:
        """A round of attempts at a step has failed."""
        if not self._failing:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        before = self._failing.pop(step, None)
        self._failing[step] = Attention(
            step=step,
            error=refusal(failure),
            since=before.since if before else workflow.now().isoformat(),
            rounds=before.rounds + 1 if before else 1,
        )
        self._on_change()

    def calm(self, step: str | None = None) -> None:
        """The step has succeeded, or is no longer wanted; without a name, whatever failed."""
        failed = bool(self._failing)
        if step is None:
            self._failing.clear()
        else:
            self._failing.pop(step, None)
        if failed and not self._failing:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(False)])
            self._on_change()
