"""refund-order: makes a refund that a person requested on a shipped order."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import RECORD_REQUESTED_REFUND, RETURN_PAYMENT, OrderProgress, RefundRef
    from workflows.model import REFUND_ORDER, Outcome, RefundRun
    from workflows.rounds import InRounds


@workflow.defn(name=REFUND_ORDER)
class RefundOrder(InRounds):
    """Returns the money at the gateway, then records it. Both are idempotent by the refund's id."""

    @workflow.init
    def __init__(self, begun: RefundRun) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: RefundRun) -> Outcome:
        refund = begun.about(RefundRef)
        returned = await self.gateway(RETURN_PAYMENT, refund, "Give the money back")
        made = refund.model_copy(update={"amount": returned.amount})
        progress: OrderProgress = await self.database(RECORD_REQUESTED_REFUND, made, "Record the refund")
        self.watch.recovered_all()
        return Outcome(status=progress.status)
