"""How a workflow says that it needs a person's attention: by search attribute, details and query."""

from collections.abc import Callable, Iterable

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.failures import refusal
    from workflows.model import NEEDS_ATTENTION, Attention


class Watch:
    """The steps that keep failing, if any. `on_change` redraws what the Web UI shows.

    `failing`: those of the run before, where this one continues it. Temporal has carried its search attribute over.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None, failing: Iterable[Attention] = ()) -> None:
        self._failing = {each.step: each for each in failing}
        self._on_change = on_change

    @property
    def attention(self) -> Attention | None:
        """Of the steps that keep failing, the one that failed last."""
        return next(reversed(self._failing.values()), None)

    @property
    def failing(self) -> tuple[Attention, ...]:
        """All of them, the one that failed last at the end."""
        return tuple(self._failing.values())

    def rounds(self, step: str) -> int:
        """How many rounds of attempts at a step have failed, one after another."""
        return self._failing[step].rounds if step in self._failing else 0

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

    def calm(self, step: str) -> None:
        """The step has succeeded, or is no longer wanted."""
        self._keep(set(self._failing) - {step})

    def calm_all(self, but: Iterable[str] = ()) -> None:
        """Nothing that failed is wanted any longer, but these."""
        self._keep(set(but))

    def _keep(self, steps: set[str]) -> None:
        failed = bool(self._failing)
        self._failing = {step: each for step, each in self._failing.items() if step in steps}
        if failed and not self._failing:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(False)])
            self._on_change()
