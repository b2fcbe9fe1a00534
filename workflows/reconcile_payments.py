"""reconcile-payments: compares payments with the provider, started by a schedule."""

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import RECONCILE_PAYMENTS, Reconciled, Window
    from workflows.model import RECONCILE_PAYMENTS_WORKFLOW, Begun
    from workflows.rounds import InRounds
    from workflows.steps import gateway_step

# For days without a reconciliation: each order takes some calls to the provider.
_TIMEOUT: Final = timedelta(hours=1)


@workflow.defn(name=RECONCILE_PAYMENTS_WORKFLOW)
class ReconcilePayments(InRounds):
    """Looks at the time since the last run that completed. Tried in rounds without end while the provider does not answer:
    the schedule starts no second run beside it."""

    @workflow.init
    def __init__(self, begun: Begun) -> None:
        super().__init__(begun)

    @workflow.run
    async def run(self, begun: Begun) -> Reconciled:
        last = workflow.get_last_completion_result(Reconciled)
        window = Window(since=last.until if last else None)
        return await self.in_rounds(RECONCILE_PAYMENTS.name, lambda: self._look(window), gives_up=lambda failed: False)

    async def _look(self, window: Window) -> Reconciled:
        return await gateway_step(RECONCILE_PAYMENTS, window, "Compare payments with the provider", timeout=_TIMEOUT)
