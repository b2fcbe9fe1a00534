"""validate-order: confirms an order whose items are in stock and can be shipped, and cancels any other."""

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
    from workflows.failures import refused_as
    from workflows.model import ORDER_STATUS, VALIDATE_ORDER, OrderRun, Outcome
    from workflows.rounds import InRounds

OUT_OF_STOCK = "Items out of stock"
NAMED = 5
ON_HOLD = "On hold"


@workflow.defn(name=VALIDATE_ORDER)
class ValidateOrder(InRounds):
    """Decides on a placed order. Any other order, or one on hold, stays unchanged, and its status is the result. After a
    release this run decides again, or another run where this one has ended."""

    @workflow.init
    def __init__(self, begun: OrderRun) -> None:
        super().__init__(begun)
        self.released = False

    @workflow.run
    async def run(self, begun: OrderRun) -> Outcome:
        order = begun.about(OrderRef)
        availability = await self.database(CHECK_INVENTORY, order, "Is every item in stock?")
        progress = await self._decide_unless_held(order, availability)
        if progress is None:
            return Outcome(status=availability.status, reason=ON_HOLD)
        workflow.upsert_search_attributes([ORDER_STATUS.value_set(progress.status)])
        workflow.set_current_details(f"Order is **{progress.status}**. {progress.reason or ''}".strip())
        return Outcome(status=progress.status, reason=progress.reason)

    @workflow.signal(name="release")
    def release(self) -> None:
        """A person released the order: a refusal by its hold no longer applies."""
        self.released = True

    async def _decide_unless_held(self, order: OrderRef, availability: Availability) -> OrderProgress | None:
        while True:
            self.released = False  # releases until now are visible to the decision below
            try:
                return await self._decide(order, availability)
            except FailureError as failure:
                if not refused_as(failure, "OrderOnHold"):
                    raise
            if not self.released:
                return None

    async def _decide(self, order: OrderRef, availability: Availability) -> OrderProgress:
        if not availability.shortages and availability.unshippable is None:
            return await self.database(CONFIRM, order, "All items in stock")
        if not availability.shortages:
            return await self._refuse_label(order, f"Cannot be shipped: {availability.unshippable}")
        cancellation = Cancellation(
            order=order,
            reason=_reason(availability),
            cancelled_by=CancelledBy.VALIDATION,
            shortages=availability.shortages,
        )
        skus = ", ".join(shortage.sku for shortage in availability.shortages[:NAMED])
        return await self.database(CANCEL, cancellation, f"Short of {skus}")

    async def _refuse_label(self, order: OrderRef, reason: str) -> OrderProgress:
        cancellation = Cancellation(order=order, reason=reason, cancelled_by=CancelledBy.VALIDATION)
        return await self.database(CANCEL, cancellation, reason[:200])


def _reason(availability: Availability) -> str:
    """Return why the order is cancelled: units can come back, an unknown SKU is mostly a mistake in the order."""
    if not availability.unknown:
        return OUT_OF_STOCK
    more = f" and {len(availability.unknown) - NAMED} more" if len(availability.unknown) > NAMED else ""
    return f"Unknown SKU: {', '.join(availability.unknown[:NAMED])}{more}"
