"""refund-order: gives back a part of a shipped order's charge, as a person asked for."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import RECORD_REQUESTED_REFUND, RETURN_PAYMENT, OrderProgress, RefundRef
    from workflows.attention import Watch
    from workflows.model import REFUND_ORDER, Attention, Outcome
    from workflows.steps import database_step, gateway_step, is_definite, until_done


@workflow.defn(name=REFUND_ORDER)
class RefundOrder:
    """Returns the money at the gateway, then records it. Both are idempotent by the refund's id."""

    def __init__(self) -> None:
        self.watch = Watch()

    @workflow.run
    async def run(self, refund: RefundRef) -> Outcome:
        returned = await until_done(
            RETURN_PAYMENT.name,
            lambda: gateway_step(RETURN_PAYMENT, refund, "Give the money back"),
            self.watch.trouble,
            gives_up=is_definite,
        )
        made = refund.model_copy(update={"amount": returned.amount})
        progress: OrderProgress = await database_step(RECORD_REQUESTED_REFUND, made, "Record the refund")
        self.watch.calm()
        return Outcome(status=progress.status)

    @workflow.query(name="attention")
    def needs_attention(self) -> Attention | None:
        """The step that keeps failing, if any."""
        return self.watch.attention
