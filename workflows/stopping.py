"""What people may do to an order under way: hold and release it, cancel it, have it taken up."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.failures import refused_as
    from workflows.model import Begun, Carried
    from workflows.options import pause_on_hold
    from workflows.rounds import InRounds
    from workflows.steps import T, pause, uninterrupted

CANCELLED_IN_TEMPORAL: Final = "Cancelled in Temporal"
# Patches: runs from before one replay without.
LOOKS_AGAIN: Final = "a-hold-is-looked-at-again"
PAUSES_WHEN_CANCELLED: Final = "rounds-after-a-cancel-pause-too"


class Stoppable(InRounds):
    """A run that stops before its next step where its order is cancelled, and for as long as it is held.

    Signals say so at once. The order's stream says so too, and is what counts: a signal may be lost, and another run may
    have cancelled the order.
    """

    def __init__(self, begun: Begun) -> None:
        super().__init__(begun)
        self.cancelled_by_person = False
        self.cancelled_in_temporal = (begun.carried or Carried()).cancelled_in_temporal
        self.released = False

    @workflow.signal(name="cancel")
    def cancel(self) -> None:
        """A person has cancelled the order (its stream says so): stop before the next step and undo."""
        self.cancelled_by_person = True

    @workflow.signal(name="release")
    def release(self) -> None:
        """The order is no longer on hold: go on."""
        self.released = True

    @property
    def is_cancelled(self) -> bool:
        """Whether the order is cancelled, by what is known of its stream."""
        raise NotImplementedError

    async def unless_held(self, attempt: Callable[[], Coroutine[Any, Any, T]], on_cancel: Callable[[], None]) -> T:
        """Run a step; where a person holds the order, run it again from time to time until it is released or cancelled."""
        looked = 0
        while True:
            self.stop_if_cancelled()
            try:
                return await uninterrupted(attempt(), on_cancel=on_cancel)
            except FailureError as failure:
                if not refused_as(failure, "OrderOnHold"):
                    raise
            looked += 1
            await uninterrupted(self._on_hold(looked), on_cancel=self.note_cancel)
            self.released = False
            self.continue_if_long()

    async def _on_hold(self, looked: int) -> None:
        """Wait to be released, cancelled or taken up, none of which need reach this run; so not for these alone."""
        self.show("It is on hold.")
        retries = self.retries

        def ended() -> bool:
            return self.released or self.cancel_asked or self.retries != retries

        if workflow.patched(LOOKS_AGAIN):
            self.watch.calm_all()
            await pause(pause_on_hold(looked), ended, "until the hold is looked at again")
        else:
            await workflow.wait_condition(ended)

    @property
    def cancel_asked(self) -> bool:
        return self.cancelled_by_person or self.cancelled_in_temporal

    def heard(self) -> tuple[int, bool]:
        return self.retries, self.cancel_asked

    def hurry(self, heard: tuple[int, bool]) -> Callable[[], bool]:
        if self.cancel_asked and heard[1] and not workflow.patched(PAUSES_WHEN_CANCELLED):
            return lambda: True
        return super().hurry(heard)

    def stop_if_cancelled(self) -> None:
        """Raise an ApplicationError, which begins the undoing, where the order is cancelled or is to be."""
        if self.cancel_asked or self.is_cancelled:
            reason = CANCELLED_IN_TEMPORAL if self.cancelled_in_temporal else "The order was cancelled"
            raise ApplicationError(reason, type="OrderCancelled", category=ApplicationErrorCategory.BENIGN)

    def note_cancel(self) -> None:
        """Temporal was asked to cancel the run."""
        self.cancelled_in_temporal = True
