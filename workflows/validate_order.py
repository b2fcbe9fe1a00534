"""validate-order: is everything in stock? Then the order is confirmed, else cancelled."""

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.signatures import (
        CANCEL,
        CHECK_INVENTORY,
        CONFIRM,
        Availability,
        Cancellation,
        OrderProgress,
        OrderRef,
    )
    from orders.events import CancelledBy
    from workflows.model import ORDER_STATUS, VALIDATE_ORDER, Outcome
    from workflows.steps import database_step, refused_as

OUT_OF_STOCK = "Items out of stock"
ON_HOLD = "On hold"


@workflow.defn(name=VALIDATE_ORDER)
class ValidateOrder:
    """Decides on a placed order. On any other it changes nothing and answers how the order stands; on a held one too,
    and another run follows when the order is released."""

    @workflow.run
    async def run(self, order: OrderRef) -> Outcome:
        availability = await database_step(CHECK_INVENTORY, order, "Is every item in stock?")
        try:
            progress = await self._decide(order, availability)
        except FailureError as failure:
            if not refused_as(failure, "OrderOnHold"):
                raise
            return Outcome(status=availability.status, reason=ON_HOLD)
        workflow.upsert_search_attributes([ORDER_STATUS.value_set(progress.status)])
        workflow.set_current_details(f"Order is **{progress.status}**. {progress.reason or ''}".strip())
        return Outcome(status=progress.status, reason=progress.reason)

    async def _decide(self, order: OrderRef, availability: Availability) -> OrderProgress:
        if not availability.shortages:
            return await database_step(CONFIRM, order, "All items in stock")
        cancellation = Cancellation(
            order=order,
            reason=OUT_OF_STOCK,
            cancelled_by=CancelledBy.VALIDATION,
            shortages=availability.shortages,
        )
        skus = ", ".join(shortage.sku for shortage in availability.shortages[:5])
        return await database_step(CANCEL, cancellation, f"Short of {skus}")
