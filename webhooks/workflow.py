"""Workflow `deliver-webhooks`: one endpoint's deliveries of one order, one after the other."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from webhooks import options
    from webhooks.steps import (
        DELIVER_WEBHOOK,
        DELIVER_WEBHOOKS,
        NEXT_DELIVERY,
        PARK_DELIVERY,
        SIGNAL,
        DeliveryRef,
        NextDelivery,
        OrderDeliveries,
    )
    from workflows.model import Begun
    from workflows.rounds import InRounds


class DeliveriesRun(OrderDeliveries, Begun):
    """A run for one endpoint's deliveries of an order."""


@workflow.defn(name=DELIVER_WEBHOOKS)
class DeliverWebhooks(InRounds):
    """Ends when no delivery is pending; the next event starts another run. A delivery that fails for three days is parked, and
    the next ones go on."""

    @workflow.init
    def __init__(self, begun: DeliveriesRun) -> None:
        super().__init__(begun)
        self.woken = False
        self.delivered = 0

    @workflow.run
    async def run(self, begun: DeliveriesRun) -> None:
        order = begun.about(OrderDeliveries)
        while True:
            self.woken = False
            following = await self.database(NEXT_DELIVERY, order, "What is next?")
            while following.position is not None:
                self._continue_if_many()
                following = await self._deliver(order, following.position, following.age)
            # If a signal arrives after this point, the server rejects the completion and the task runs again with it.
            if not self.woken:
                return

    @workflow.signal(name=SIGNAL)
    def deliver(self) -> None:
        """Signal: a further delivery is pending."""
        self.woken = True

    async def _deliver(self, order: OrderDeliveries, position: int, age: float) -> NextDelivery:
        delivery = DeliveryRef(endpoint_id=order.endpoint_id, order_id=order.order_id, position=position)
        self.delivered += 1
        try:
            answer: NextDelivery = await workflow.execute_activity(
                DELIVER_WEBHOOK.name,
                delivery,
                result_type=DELIVER_WEBHOOK.output,
                start_to_close_timeout=options.ATTEMPT_TIMEOUT,
                schedule_to_close_timeout=options.time_left(age),
                retry_policy=options.ATTEMPTS,
                summary=f"Event at position {position}",
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            return await self.database(PARK_DELIVERY, delivery, f"Park the event at position {position}")
        return answer

    def _continue_if_many(self) -> None:
        if self.delivered >= options.DELIVERIES_PER_RUN or workflow.info().is_continue_as_new_suggested():
            self.continue_as_new()
