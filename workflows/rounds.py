"""What every workflow here has in common: its steps are tried in rounds, and a run does not outlast its history."""

from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.signatures import Signature
    from workflows.attention import Watch
    from workflows.failures import is_definite
    from workflows.model import RETRY, Attention, Begun, Carried
    from workflows.options import pause_before
    from workflows.steps import I, O, T, database_step, gateway_step, pause

# Patch: runs from before it replay without.
CONTINUES: Final = "long-histories-continue-as-new"
# Of which an answer to the patch holds: a run that was too long already when this version came is asked again later.
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
        """A person has had the order taken up: go on with what waits for its next attempt."""
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
        """Attempt, round after round with growing pauses, until it succeeds or `gives_up` takes the failure for final."""
        while True:
            heard = self.heard()
            try:
                answer = await attempt()
            except FailureError as failure:
                if gives_up(failure):
                    raise
                self.watch.trouble(name, failure)
                length = pause_before(self.watch.rounds(name))
                await pause(length, self.hurry(heard), f"until {name} is tried again")
                self.continue_if_long()
            else:
                self.watch.calm(name)
                return answer

    async def database(self, step: Signature[I, O], argument: I, summary: str) -> O:
        """A step on our own database. Raises FailureError when it is refused for good."""
        return await self.in_rounds(step.name, lambda: database_step(step, argument, summary))

    async def gateway(self, step: Signature[I, O], argument: I, summary: str) -> O:
        """A step at a gateway. Raises FailureError when it is refused for good."""
        return await self.in_rounds(step.name, lambda: gateway_step(step, argument, summary))

    def heard(self) -> tuple[int, bool]:
        """What has been asked of the run up to now: how many retries, and whether to cancel."""
        return self.retries, False

    def hurry(self, heard: tuple[int, bool]) -> Callable[[], bool]:
        """Whether more has been asked of the run than was heard before the round, so that the pause after it ends."""
        return lambda: self.heard() != heard

    def carried(self) -> Carried:
        """What the next run has to know where this one continues as new."""
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
        """Show in the Temporal Web UI what the run does, and what keeps failing."""
        failing = self.watch.attention
        trouble = f"\n\n**{failing.step} keeps failing**: {failing.error}" if failing else ""
        workflow.set_current_details(f"{doing}{trouble}".strip())
