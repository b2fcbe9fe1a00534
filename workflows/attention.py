"""How a workflow says that it needs a person's attention: by search attribute, details and query."""

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.model import NEEDS_ATTENTION, Attention
    from workflows.steps import refusal


class Watch:
    """The step that keeps failing, if any. `on_change` redraws what the Web UI shows."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self.attention: Attention | None = None
        self._on_change = on_change

    def trouble(self, step: str, failure: FailureError) -> None:
        """A round of attempts at a step has failed."""
        before = self.attention
        if before is None:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        self.attention = Attention(
            step=step,
            error=refusal(failure),
            since=before.since if before else workflow.now().isoformat(),
            rounds=before.rounds + 1 if before else 1,
        )
        self._on_change()

    def calm(self) -> None:
        """The step has succeeded, or is no longer wanted."""
        if self.attention is not None:
            self.attention = None
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(False)])
            self._on_change()
