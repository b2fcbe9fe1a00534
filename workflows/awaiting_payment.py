"""A charge that may be declined several times: its order waits for another means of payment, or for its customer."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.signatures import CHARGE_PAYMENT, OrderProgress, Payment, PaymentFailure
    from workflows.failures import awaited_payment
    from workflows.options import pause_on_hold
    from workflows.steps import pause, uninterrupted
    from workflows.stopping import Stoppable


_SHORTEST: Final = timedelta(seconds=1)


class AwaitedPayment:
    """Charges an order until it is paid, or until the deadline of its first decline has passed.

    Every attempt reads the order's stream and the payment at the provider: its means of payment, its hold and a payment by its
    customer are as they are then, and a run that takes over waits until the same deadline. The signal `retry` wakes the run
    where the stream has another means of payment or the provider reports a payment; it is not certain to arrive.

    Histories from before an order could wait have no such decline, and need no patch.
    """

    def __init__(
        self,
        run: Stoppable,
        charge: Callable[[], Awaitable[Payment]],
        record: Callable[[PaymentFailure], Awaitable[OrderProgress]],
    ) -> None:
        self._run, self._charge, self._record = run, charge, record

    async def made(self) -> Payment | None:
        """Return the payment, or None where another run has recorded it. Raises the decline after the deadline."""
        looked = 0
        while True:
            known = self._run.requests()
            try:
                return await self._charge()
            except FailureError as failure:
                failed = awaited_payment(failure)
                if failed is None:
                    raise
                progress = await self._record(failed)
                if progress.payment_id is not None:
                    return None
                if progress.waits_until is not None and progress.waits_until <= workflow.now():
                    raise
            self._run.stop_if_cancelled()
            looked += 1
            # Without a deadline a person has begun another attempt meanwhile: its signal ends the pause.
            await self._wait(failed, progress.waits_until or failed.waits_until, looked, known)

    async def _wait(self, failed: PaymentFailure, until: datetime, looked: int, known: tuple[int, bool]) -> None:
        self._run.watch.recovered(CHARGE_PAYMENT.name)
        self._run.show(f"The payment failed: {failed.reason} The order waits until {until:%Y-%m-%d %H:%M} UTC.")
        length = max(min(pause_on_hold(looked), until - workflow.now()), _SHORTEST)
        waiting = pause(length, self._run.until_more(known), "until the payment is looked at again")
        await uninterrupted(waiting, on_cancel=self._run.note_cancel)
        self._run.continue_if_long()
