"""refund-order: makes a refund that a person requested on a shipped order."""

from typing import Final

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.signatures import (
        CLOSE_REFUND,
        RECORD_REQUESTED_REFUND,
        RETURN_PAYMENT,
        RefundRef,
        RefundRefusal,
        ReturnedPayment,
    )
    from workflows.failures import refusal, refused_as
    from workflows.model import REFUND_ORDER, Outcome, RefundRun
    from workflows.options import pause_before_asking
    from workflows.rounds import InRounds
    from workflows.steps import pause

_NEVER_MADE: Final = (
    "RefundRefused",
    "RefundFailed",
    "RefundExceedsCharge",
    "RefundCurrencyMismatch",
    "AmountNotSupported",
)
"""Errors of a refund that the provider will never make. Any other definite failure is a fault of ours, and fails the run."""
# Patch: runs from before it failed with such a refusal.
CLOSES: Final = "a-refund-that-is-refused-is-closed"


@workflow.defn(name=REFUND_ORDER)
class RefundOrder(InRounds):
    """Returns the money at the gateway, then records it. Both are idempotent by the refund's id. A refund that the provider
    refuses for good is closed, and one that a person has closed ends the run."""

    @workflow.init
    def __init__(self, begun: RefundRun) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: RefundRun) -> Outcome:
        refund = begun.about(RefundRef).model_copy(update={"accepts_pending": True})
        try:
            returned = await self._returned(refund)
        except FailureError as failure:
            if not any(refused_as(failure, kind) for kind in _NEVER_MADE) or not workflow.patched(CLOSES):
                raise
            return await self._closed(refund, refusal(failure))
        if returned.closed:
            return Outcome(status="shipped", reason="A person closed the refund")
        made = refund.model_copy(update={"amount": returned.amount})
        progress = await self.database(RECORD_REQUESTED_REFUND, made, "Record the refund")
        self.watch.recovered_all()
        return Outcome(status=progress.status)

    async def _returned(self, refund: RefundRef) -> ReturnedPayment:
        """The refund, made or closed. A pending one is looked at again from time to time, or once a person retries."""
        looked = 0
        while True:
            known = self.requests()
            returned = await self.gateway(RETURN_PAYMENT, refund, "Give the money back")
            if not returned.pending:
                return returned
            looked += 1
            self.show("The payment provider has yet to return the money.")
            await pause(pause_before_asking(looked), self.until_more(known), "until the refund is looked at again")
            self.continue_if_long()

    async def _closed(self, refund: RefundRef, reason: str) -> Outcome:
        refused = RefundRefusal(**refund.model_dump(include=set(RefundRefusal.model_fields)), reason=reason)
        progress = await self.database(CLOSE_REFUND, refused, "The refund will not be made")
        self.watch.recovered_all()
        return Outcome(status=progress.status, reason=reason)
