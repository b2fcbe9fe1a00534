"""Base of all workflows: steps are tried in rounds, and a run with a long history continues as new."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, NoReturn

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.signatures import Signature
    from workflows.attention import Watch
    from workflows.failures import is_busy, is_definite
    from workflows.model import RETRY, Attention, Begun, Carried
    from workflows.options import BUSY_ROUNDS, ROUND_FIRST, pause_before
    from workflows.steps import I, O, T, database_step, gateway_step, pause

# Patch: runs from before it replay without.
CONTINUES: Final = "long-histories-continue-as-new"
# The patch is asked for once per so many events: a run from before it, too long already, is asked again later.
_EVENTS_OF_AN_ANSWER: Final = 5_000


class InRounds:
    """A run whose steps are tried in rounds of attempts, without end.

    After a round that failed the run needs attention and pauses. The signal `retry` ends the pause, and there a run whose
    history has grown long continues as new, with nothing in flight. `begun`: the workflow's argument.
    """

    def __init__(self, begun: Begun) -> None:
        self._begun = begun
        self.watch = Watch(on_change=self.show, failing=begun.carried.attention if begun.carried else ())
        self.retries = 0

    @workflow.signal(name=RETRY)
    def retry(self) -> None:
        """A person retried the order: try all pending attempts at once."""
        self.retries += 1

    @workflow.query(name="attention")
    def needs_attention(self) -> Attention | None:
        """The step that keeps failing, if any."""
        return self.watch.attention

    async def in_rounds(
        self,
        name: str,
        attempt: Callable[[], Awaitable[T]],
        gives_up: Callable[[FailureError], bool] = is_definite,
    ) -> T:
        """Attempt in rounds with growing pauses, until success or a failure that is final by `gives_up`. Rounds that end by a
        gateway's rate limit are no failures, up to BUSY_ROUNDS in a row."""
        busy = 0
        while True:
            known = self.requests()
            try:
                answer = await attempt()
            except FailureError as failure:
                if gives_up(failure):
                    raise
                busy = busy + 1 if is_busy(failure) else 0
                if 0 < busy <= BUSY_ROUNDS:
                    length = ROUND_FIRST
                else:
                    length = pause_before(self.watch.rounds(name) + 1)
                    self.watch.failed(name, failure, workflow.now() + length)
                await pause(length, self.until_more(known), f"until {name} is tried again")
                self.continue_if_long()
            else:
                self.watch.recovered(name)
                return answer

    async def database(self, step: Signature[I, O], argument: I, summary: str) -> O:
        """A step on our own database. Raises FailureError when it is refused for good."""
        return await self.in_rounds(step.name, lambda: database_step(step, argument, summary))

    async def gateway(self, step: Signature[I, O], argument: I, summary: str) -> O:
        """A step at a gateway. Raises FailureError when it is refused for good."""
        return await self.in_rounds(step.name, lambda: gateway_step(step, argument, summary))

    def requests(self) -> tuple[int, bool]:
        """Requests received so far: the number of retries, and a cancel."""
        return self.retries, False

    def until_more(self, known: tuple[int, bool]) -> Callable[[], bool]:
        """Condition that ends a pause: a request was received since `known`."""
        return lambda: self.requests() != known

    def carried(self) -> Carried:
        """State for the next run on continue-as-new."""
        return Carried(attention=self.watch.failing)

    def continue_if_long(self) -> None:
        """Continue as new where Temporal finds the history long. Only between rounds: nothing may be in flight."""
        info = workflow.info()
        part = info.get_current_history_length() // _EVENTS_OF_AN_ANSWER
        if info.is_continue_as_new_suggested() and workflow.patched(f"{CONTINUES}-{part}"):
            self.continue_as_new()

    def continue_as_new(self) -> NoReturn:
        """Begin another run of this workflow. Only where nothing is in flight."""
        workflow.continue_as_new(self._begun.model_copy(update={"carried": self.carried()}))

    def show(self, doing: str = "") -> None:
        """Show the current step and the failing one in the Temporal Web UI."""
        failing = self.watch.attention
        failure = f"\n\n{_sentence(failing)}" if failing else ""
        workflow.set_current_details(f"{doing}{failure}".strip())


def _sentence(failing: Attention) -> str:
    """Since when a step fails, how often and why, and when it is tried again; in Markdown."""
    rounds = "1 round" if failing.rounds == 1 else f"{failing.rounds} rounds"
    again = f"the next at {_minute(failing.next_round)}" if failing.next_round else "the next at once"
    begun = f"**{failing.step} keeps failing** since {_minute(failing.since)}"
    return f"{begun}: {rounds} of attempts, {again}. Last error: {failing.error}"


def _minute(time: str) -> str:
    return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M:%S} UTC"
