"""Effects of a run in progress that the ledgers have lost: the run would continue as if they were there."""

from collections.abc import Callable
from typing import Final

from temporalio.client import Client, WorkflowExecution

from activities.signatures import CHARGE_PAYMENT, CREATE_SHIPMENT, RESERVE_INVENTORY
from open_work.evidence import Evidence, gather
from open_work.history import completed_steps
from open_work.sources import Sources
from orders.state import Confirmed, Paid
from workflows.model import FULFILL_ORDER

_IS_LOST: Final[dict[str, Callable[[Evidence], bool]]] = {
    CHARGE_PAYMENT.name: lambda order: order.state.order.total > 0 and not order.charged,
    RESERVE_INVENTORY.name: lambda order: not order.reserved,
    CREATE_SHIPMENT.name: lambda order: not order.live_labels,
}
"""Steps with an effect, and whether the ledgers lack it."""


async def lost_effects(sources: Sources, client: Client, run: WorkflowExecution, order_id: str) -> list[str]:
    """Return the run's completed steps whose effect is in no ledger. Only fulfill-order has effects.

    The history is read before the ledgers: a step completes after its effect is recorded.
    """
    if run.workflow_type != FULFILL_ORDER:
        return []
    completed = await completed_steps(client.get_workflow_handle(run.id, run_id=run.run_id))
    evidence, _ = await gather(sources, [order_id])
    return [
        step
        for order in evidence
        if isinstance(order.state, Confirmed | Paid)  # the effects of a cancelled order are undone, not lost
        for step, is_lost in _IS_LOST.items()
        if step in completed and is_lost(order)
    ]
