"""Interventions in an open order: hold and release, cancel, retry."""

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

    Signals take effect at once. The order's stream is authoritative: a signal may be lost, and another run may have cancelled
    the order.
    """

    def __init__(self, begun: Begun) -> None:
        super().__init__(begun)
        self.cancelled_by_person = False
        self.cancelled_in_temporal = (begun.carried or Carried()).cancelled_in_temporal
        self.released = False

    @workflow.signal(name="cancel")
    def cancel(self) -> None:
        """A person cancelled the order, as its stream records: stop before the next step and undo."""
        self.cancelled_by_person = True

    @workflow.signal(name="release")
    def release(self) -> None:
        """A person released the order: continue."""
        self.released = True

    @property
    def is_cancelled(self) -> bool:
        """True where the order is cancelled by its last known state."""
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
        """Wait for a release, cancel or retry, or for a while: none of these signals is certain to arrive."""
        self.show("It is on hold.")
        retries = self.retries

        def ended() -> bool:
            return self.released or self.cancel_asked or self.retries != retries

        if workflow.patched(LOOKS_AGAIN):
            self.watch.recovered_all()
            await pause(pause_on_hold(looked), ended, "until the hold is looked at again")
        else:
            await workflow.wait_condition(ended)

    @property
    def cancel_asked(self) -> bool:
        return self.cancelled_by_person or self.cancelled_in_temporal

    def requests(self) -> tuple[int, bool]:
        return self.retries, self.cancel_asked

    def until_more(self, known: tuple[int, bool]) -> Callable[[], bool]:
        if self.cancel_asked and known[1] and not workflow.patched(PAUSES_WHEN_CANCELLED):
            return lambda: True
        return super().until_more(known)

    def stop_if_cancelled(self) -> None:
        """Raise an ApplicationError, which begins the undoing, where the order is cancelled or is to be."""
        if self.cancel_asked or self.is_cancelled:
            reason = CANCELLED_IN_TEMPORAL if self.cancelled_in_temporal else "The order was cancelled"
            raise ApplicationError(reason, type="OrderCancelled", category=ApplicationErrorCategory.BENIGN)

    def note_cancel(self) -> None:
        """Note a cancellation request at Temporal."""
        self.cancelled_in_temporal = True
