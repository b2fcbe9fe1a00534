"""A charge that may take days: its provider decides later, its order waits for another means of payment or for its customer."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.signatures import CHARGE_PAYMENT, OrderProgress, Payment, PaymentFailure
    from workflows.failures import awaited_payment
    from workflows.options import pause_on_hold, pause_while_processing
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
        record_failure: Callable[[PaymentFailure], Awaitable[OrderProgress]],
        record_pending: Callable[[Payment], Awaitable[None]],
    ) -> None:
        self._run, self._charge = run, charge
        self._record_failure, self._record_pending = record_failure, record_pending

    async def made(self) -> Payment | None:
        """Return the payment, or None where another run has recorded it. Raises the decline after the deadline."""
        looked = 0
        while True:
            known = self._run.requests()
            try:
                return await self._decided()
            except FailureError as failure:
                failed = awaited_payment(failure)
                if failed is None:
                    raise
                progress = await self._record_failure(failed)
                if progress.payment_id is not None:
                    return None
                if progress.waits_until is not None and progress.waits_until <= workflow.now():
                    raise
            self._run.stop_if_cancelled()
            looked += 1
            # Without a deadline a person has begun another attempt meanwhile: its signal ends the pause.
            await self._wait(failed, progress.waits_until or failed.waits_until, looked, known)

    async def _decided(self) -> Payment:
        """Return the charge, once the provider has decided on it."""
        payment, looked = await self._charge(), 0
        while payment.pending_until is not None:
            looked += 1
            await self._while_processing(payment, looked)
            payment = await self._charge()
        return payment

    async def _while_processing(self, payment: Payment, looked: int) -> None:
        """Wait until the payment is looked at again, or the order is retried or cancelled."""
        known = self._run.requests()
        await self._record_pending(payment)
        self._run.show("The payment provider is processing the payment.")
        await self._pause(pause_while_processing(looked), known)

    async def _wait(self, failed: PaymentFailure, until: datetime, looked: int, known: tuple[int, bool]) -> None:
        self._run.watch.recovered(CHARGE_PAYMENT.name)
        self._run.show(f"The payment failed: {failed.reason} The order waits until {until:%Y-%m-%d %H:%M} UTC.")
        length = max(min(pause_on_hold(looked), until - workflow.now()), _SHORTEST)
        await self._pause(length, known)

    async def _pause(self, length: timedelta, known: tuple[int, bool]) -> None:
        waiting = pause(length, self._run.until_more(known), "until the payment is looked at again")
        await uninterrupted(waiting, on_cancel=self._run.note_cancel)
        self._run.continue_if_long()
